package tests

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// The benchmarks of a node as a process of its own: what is measured is the node alone.

// BenchmarkStart: from the start of the process, on existing data and with the translator on, to /readyz.
func BenchmarkStart(b *testing.B) {
	node := newProcess(b, "")
	node.env = append(node.env, "HS_TRANSLATE=true")
	node.start() // the launcher writes the configuration
	node.kill()
	took := make([]time.Duration, 0, b.N)
	for range b.N {
		took = append(took, node.startAlone())
		node.kill()
	}
	b.ReportMetric(percentile(took, 0.5), "ready-p50-ms")
	b.ReportMetric(percentile(took, 0.95), "ready-p95-ms")
}

// startAlone starts the program with the configuration that is there, without the launcher, and returns the time until it
// is ready.
func (p *process) startAlone() time.Duration {
	p.t.Helper()
	binary, err := builtOnce()
	require.NoError(p.t, err)
	p.cmd = exec.Command(binary, "--config", filepath.Join(p.dir, "medix.yaml"), "serve")
	p.cmd.Env = append(p.env, config.CheapPasswordsEnv+"=1") // as the launcher has it
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start := time.Now()
	require.NoError(p.t, p.cmd.Start())
	p.gone = make(chan error, 1)
	go func(cmd *exec.Cmd, gone chan<- error) { gone <- cmd.Wait() }(p.cmd, p.gone)
	for time.Since(start) < 30*time.Second {
		res, err := http.Get(p.url + "/readyz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(start)
			}
		}
		time.Sleep(time.Millisecond)
	}
	require.FailNow(p.t, "the node did not become ready")
	return 0
}

// edit changes the configuration that the launcher wrote.
func (p *process) edit(from, to string) {
	p.t.Helper()
	path := filepath.Join(p.dir, "medix.yaml")
	raw, err := os.ReadFile(path)
	require.NoError(p.t, err)
	require.Contains(p.t, string(raw), from)
	require.NoError(p.t, os.WriteFile(path, bytes.ReplaceAll(raw, []byte(from), []byte(to)), 0o600))
}

// memory returns the resident megabytes of the process: all of them, and those that are not pages of the program's file.
func (p *process) memory() (rss, anonymous float64) {
	p.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(p.t, err)
	return statusMB(raw, "VmRSS:"), statusMB(raw, "RssAnon:")
}

func statusMB(status []byte, key string) float64 {
	_, rest, _ := bytes.Cut(status, []byte(key))
	kb, err := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64)
	if err != nil {
		return 0
	}
	return kb / 1024
}

// cpu returns the CPU time that the process has used; the kernel counts it in hundredths of a second.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	require.NoError(p.t, err)
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] { // utime and stime, the 14th and 15th of the whole line
		n, err := strconv.Atoi(field)
		require.NoError(p.t, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// BenchmarkIdleMemory: a fresh node that nobody uses, as the launcher configures it and with the translator; then one whose
// only user has chosen a language, so that it has read its phrases and rules and has been quiet since.
func BenchmarkIdleMemory(b *testing.B) {
	for _, c := range []struct {
		name, translate string
		used            bool
	}{{"translator=false", "false", false}, {"translator=true", "true", false}, {"translator=used", "true", true}} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				node := newProcess(b, "")
				node.env = append(node.env, "HS_TRANSLATE="+c.translate)
				node.start()
				if c.used {
					speaks(users(testhospital.Elsewhere(b, node.url), "nurse", 1)[0], "es")
					time.Sleep(40 * time.Second)
				}
				time.Sleep(5 * time.Second)
				rss, anonymous := node.memory()
				b.ReportMetric(rss, "rss-MB")
				b.ReportMetric(anonymous, "anonymous-MB")
				node.kill()
			}
		})
	}
}

const (
	idleClients = 1000
	idleRooms   = 100 // of 50 members each
	idlePerUser = 5
	idleFor     = 60 * time.Second
)

// BenchmarkIdleClients: 1,000 devices in long polls of 30 s, each in five of a hundred rooms, for a minute in which nothing
// happens. The node is a process of its own; the clients are not counted. Presence is off, as a hospital has it by default.
func BenchmarkIdleClients(b *testing.B) {
	node := newProcess(b, "")
	node.start()
	node.kill()
	node.edit("presence: {enabled: true}", "presence: {enabled: false}")
	node.startAlone()
	h := testhospital.Elsewhere(b, node.url)
	members := users(h, "nurse", idleClients)
	rooms := make([]string, idleRooms)
	inParallel(idleRooms, func(i int) { rooms[i] = members[i].CreateRoom(testhospital.Room{Preset: "public_chat"}) })
	inParallel(idleClients, func(i int) {
		for k := range idlePerUser {
			members[i].Join(rooms[(i+k*(idleRooms/idlePerUser))%idleRooms])
		}
	})
	testhospital.Disconnect()
	var answers atomic.Int64
	for _, u := range members {
		p := newPoller(b, node.url, u.Token, 30*time.Second)
		go p.run(func([]byte) { answers.Add(1) })
	}
	time.Sleep(40 * time.Second) // everyone has asked again, and the node has noticed that it is quiet
	busy, polls := node.cpu(), answers.Load()
	b.ResetTimer()
	time.Sleep(idleFor)
	b.StopTimer()
	rss, anonymous := node.memory()
	b.ReportMetric((node.cpu()-busy).Seconds()/idleFor.Minutes(), "cpu-s/min")
	b.ReportMetric(float64(answers.Load()-polls), "polls")
	b.ReportMetric(rss, "rss-MB")
	b.ReportMetric(anonymous, "anonymous-MB")
}
