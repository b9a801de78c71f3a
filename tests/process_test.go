package tests

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/freeport"
)

// builtOnce builds the program once for all tests of this package.
var builtOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "medix-tests-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "medix")
	out, err := exec.Command("go", "build", "-tags", "goolm", "-o", path, "medixchange/cmd/medix").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building medix: %w: %s", err, out)
	}
	return path, onDisk(path)
})

// onDisk waits until a file is written: a node cannot give pages of a program back that are nowhere else.
func onDisk(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// process is a node as a process of its own, started by scripts/testnode.
type process struct {
	t    testing.TB
	env  []string
	url  string
	dir  string
	cmd  *exec.Cmd
	gone chan error
}

// newProcess prepares a node on SQLite, or on the PostgreSQL database that databaseURL names.
func newProcess(t testing.TB, databaseURL string) *process {
	t.Helper()
	binary, err := builtOnce()
	require.NoError(t, err)
	port := freePort(t)
	p := &process{t: t, url: "http://127.0.0.1:" + strconv.Itoa(port), dir: t.TempDir()}
	p.env = append(os.Environ(),
		"MEDIX_BIN="+binary, "SERVER_NAME=crash.test", "HS_CLIENT_PORT="+strconv.Itoa(port), "HS_DATA_DIR="+p.dir,
		"HS_REGISTRATION_SECRET=only-for-tests")
	if databaseURL != "" {
		p.env = append(p.env, "HS_DATABASE="+databaseURL)
	}
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
	})
	return p
}

func freePort(t testing.TB) int {
	t.Helper()
	port, err := freeport.Take("127.0.0.1")
	require.NoError(t, err)
	return port
}

// start starts the node and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	log, err := os.OpenFile(filepath.Join(p.dir, "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, log.Close()) }()
	p.cmd = exec.Command("../scripts/testnode")
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, p.cmd.Start())
	p.gone = make(chan error, 1)
	go func(cmd *exec.Cmd, gone chan<- error) { gone <- cmd.Wait() }(p.cmd, p.gone)
	require.Eventually(p.t, func() bool {
		res, err := http.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, 30*time.Second, 5*time.Millisecond, "the node did not become ready: %s", p.logTail())
}

func (p *process) logTail() string {
	raw, err := os.ReadFile(filepath.Join(p.dir, "node.log"))
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-2000):])
}

// kill ends the node with SIGKILL.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.gone
	p.cmd = nil
}

// terminate ends the node with SIGTERM and returns how long it took and its exit error.
func (p *process) terminate() (time.Duration, error) {
	p.t.Helper()
	start := time.Now()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	err := <-p.gone
	p.cmd = nil
	return time.Since(start), err
}
