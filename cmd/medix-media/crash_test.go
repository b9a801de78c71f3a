package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// children are the SFUs that this test's hospitals run.
func children(t *testing.T) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var out []int
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(os.Getpid()) {
			out = append(out, pid)
		}
	}
	return out
}

func TestAfterKill9OfTheSFUTheConferenceGoesOn(t *testing.T) {
	m := meet(t)
	ana, bo := m.joins(t, m.ana, m.a), m.joins(t, m.bo, m.a)
	ana.talk()
	bo.hears(ana.identity(), "audio")
	before := children(t)
	require.Len(t, before, 1, "hospital B has no conference of its own yet, and no SFU")
	require.NoError(t, syscall.Kill(before[0], syscall.SIGKILL))

	require.Eventually(t, func() bool {
		now := children(t)
		return len(now) == 1 && now[0] != before[0]
	}, patience, pause, "the SFU is started again")
	heard := bo.packets(ana.identity(), "audio")
	require.Eventually(t, func() bool { return bo.packets(ana.identity(), "audio") > heard+5 }, patience, pause, "they hear each other again")
}

func TestTheSFUEndsWithItsNode(t *testing.T) {
	m := meet(t)
	m.joins(t, m.ana, m.a)
	require.Len(t, children(t), 1)
	m.a.Stop()
	require.Eventually(t, func() bool { return len(children(t)) == 0 }, patience, pause)
}
