package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/stretchr/testify/require"
)

// childPIDs are the SFUs that this test's hospitals run.
func childPIDs(t testing.TB) []int {
	t.Helper()
	return childrenOf(t, os.Getpid())
}

// childrenOf are the processes that one has started and that run.
func childrenOf(t testing.TB, parent int) []int {
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
		if len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
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
	before := childPIDs(t)
	require.Len(t, before, 1, "hospital B has no conference of its own yet, and no SFU")
	require.NoError(t, syscall.Kill(before[0], syscall.SIGKILL))

	require.Eventually(t, func() bool {
		now := childPIDs(t)
		return len(now) == 1 && now[0] != before[0]
	}, patience, pause, "the SFU is started again")
	heard := bo.packets(ana.identity(), "audio")
	require.Eventually(t, func() bool { return bo.packets(ana.identity(), "audio") > heard+5 }, patience, pause, "they hear each other again")
}

func TestTheSFUEndsWithItsNode(t *testing.T) {
	m := meet(t)
	m.joins(t, m.ana, m.a)
	require.Len(t, childPIDs(t), 1)
	m.a.Stop()
	require.Eventually(t, func() bool { return len(childPIDs(t)) == 0 }, patience, pause)
}

// TestNobodyIsToldThatTheConferenceIsOverWhenTheNodeStops: clients that are told so do not come back by themselves.
func TestNobodyIsToldThatTheConferenceIsOverWhenTheNodeStops(t *testing.T) {
	m := meet(t)
	var there []*caller
	for i := range 8 {
		u := m.a.User("u" + strconv.Itoa(i))
		u.Join(m.room)
		there = append(there, m.joins(t, u, m.a))
	}
	m.a.Stop()
	m.a.Start()
	for _, c := range there {
		require.Eventually(t, func() bool { return c.room.ConnectionState() == lksdk.ConnectionStateConnected }, patience, pause)
		select {
		case <-c.gone:
			require.Fail(t, "told to stay away")
		default:
		}
	}
}

func TestAfterARestartOfTheNodeTheyComeBackButForThoseWhoMayNot(t *testing.T) {
	m := meet(t)
	eve := m.a.User("eve")
	eve.Join(m.room)
	ana, there := m.joins(t, m.ana, m.a), m.joins(t, eve, m.a)
	_, jwt, _ := askToken(m.bo, m.a, m.urlA, m.room)
	connect(t, m.urlA, jwt)
	ana.talk()
	there.hears(ana.identity(), "audio")
	m.a.Stop()
	host, _, err := net.SplitHostPort(m.b.Name)
	require.NoError(t, err)
	m.a.Config.Federation.DenyServers = []string{host} // which is not heard of this node's own users
	m.a.Start()
	heard := there.packets(ana.identity(), "audio")
	require.Eventually(t, func() bool { return there.packets(ana.identity(), "audio") > heard+5 }, patience, pause, "with the tokens of before")
	_, err = tryConnect(t, m.urlA, jwt)
	require.Error(t, err, "bo's hospital may not take part any more")
	require.NotContains(t, people(m.ana, m.room), m.bo.ID)
}
