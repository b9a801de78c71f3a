package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// nodeCommand lets the test's own program be a whole node, which can be killed without the test.
const nodeCommand = "node"

// runNode is what that program does: a node as a configuration file says, until SIGTERM.
func runNode(path string) error {
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	log := logrus.New()
	log.SetLevel(logrus.WarnLevel)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	n, err := node.New(ctx, cfg, node.Options{Log: log})
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

// process is a hospital as a process of its own, with conferences and recordings.
type process struct {
	t      testing.TB
	dir    string
	config string
	url    string
	cmd    *exec.Cmd
}

func newProcess(t testing.TB) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	address := "127.0.0.1:" + strconv.Itoa(freePort(t))
	p := &process{t: t, dir: dir, config: filepath.Join(dir, "medix.yaml"), url: "http://" + address}
	text := strings.NewReplacer("DIR", dir, "ADDRESS", address, "PROGRAM", self,
		"UDP", strconv.Itoa(freePort(t)), "TCP", strconv.Itoa(freePort(t))).Replace(`
server_name: "crash.test"
data_dir: "DIR"
database: {url: "sqlite:medix.db"}
public_base_url: "http://ADDRESS"
listen: {client: ["ADDRESS"], federation: []}
federation: {enabled: false}
registration: {enabled: true}
passwords: {memory_kib: 8, time: 1, threads: 1, min_length: 1}
limits: {rates_enabled: false}
translator: {enabled: false}
handbook: {enabled: false}
conference:
  sfu: {public_ip: 127.0.0.1, program: "PROGRAM", udp_port: UDP, tcp_port: TCP}
  recording: {enabled: true, disk_left: 0}
`)
	require.NoError(t, os.WriteFile(p.config, []byte(text), 0o600))
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "node.log"))
			t.Logf("the node's log: %s", log[max(0, len(log)-6000):])
		}
	})
	return p
}

// start starts the node and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	self, err := os.Executable()
	require.NoError(p.t, err)
	log, err := os.OpenFile(filepath.Join(p.dir, "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, log.Close()) }()
	p.cmd = exec.Command(self, nodeCommand, p.config)
	p.cmd.Env = append(os.Environ(), config.CheapPasswordsEnv+"=1")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, p.cmd.Start())
	require.Eventually(p.t, func() bool {
		res, err := http.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, patience, pause, "the node does not become ready")
}

// kill ends the node with SIGKILL, and nothing else.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // killed
	p.cmd = nil
}

// terminate ends the node with SIGTERM, as its administrator does.
func (p *process) terminate() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, p.cmd.Wait())
	p.cmd = nil
}

// children are the processes that the node has started and that run, by what they are.
func (p *process) children() map[string]int {
	p.t.Helper()
	out := map[string]int{}
	for _, pid := range childrenOf(p.t, p.cmd.Process.Pid) {
		line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err != nil {
			continue // it has ended
		}
		words := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
		out[words[len(words)-1]] = pid
	}
	return out
}

// hasEnded reports whether a process is gone, or waits for nothing but to be buried.
func hasEnded(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}

func (p *process) hospital() *testhospital.Hospital { return testhospital.Elsewhere(p.t, p.url) }

// folder is where a recording is.
func (p *process) folder(id string) string { return filepath.Join(p.dir, "recordings", id) }

// within waits for something that takes a moment.
func within(t testing.TB, what string, seen func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	require.Eventually(t, seen, patience, pause, what)
	return time.Since(began)
}
