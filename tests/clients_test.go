package tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// scriptTimeout bounds one script with a client that is not in Go; each takes a few seconds.
const scriptTimeout = 4 * time.Minute

// lacks ends a test for want of a program: for a developer it is skipped, CI has everything.
func lacks(t *testing.T, say string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(say)
	}
	t.Skip(say)
}

// installed is where scripts/install-clients puts the clients.
func installed(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../build/clients")
	require.NoError(t, err)
	for _, stamp := range []string{"npm.stamp", "pip.stamp"} {
		if _, err := os.Stat(filepath.Join(dir, stamp)); err == nil {
			continue
		}
		lacks(t, "the Matrix clients of npm and PyPI are not installed: run scripts/install-clients (make test does)")
	}
	return dir
}

// script is a script in the folder clients with a client that is not in Go.
type script struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Scanner // one for all of steps' calls: it reads ahead
	stderr bytes.Buffer
}

// startScript starts a script with its input; it ends with the test at the latest.
func startScript(t *testing.T, name string, input any) *script {
	t.Helper()
	dir := installed(t)
	raw, err := json.Marshal(input)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), scriptTimeout)
	t.Cleanup(cancel)
	path := filepath.Join("clients", name)
	s := &script{t: t}
	if filepath.Ext(name) == ".py" {
		s.cmd = exec.CommandContext(ctx, filepath.Join(dir, "venv", "bin", "python"), path)
	} else {
		s.cmd = exec.CommandContext(ctx, nodeIn(t, dir), "--no-deprecation", "--import", "./clients/installed.mjs", path)
	}
	s.cmd.Env = append(os.Environ(), "CLIENTS="+dir, "INPUT="+string(raw))
	s.cmd.Stderr = &s.stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.stdin, err = s.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	s.stdout = bufio.NewScanner(stdout)
	s.stdout.Buffer(nil, 1<<20)
	require.NoError(t, s.cmd.Start())
	return s
}

// nodeIn finds the Node.js that npm installed for this machine's processor.
func nodeIn(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "node_modules", "node-linux-*", "bin", "node"))
	require.NoError(t, err)
	require.NotEmpty(t, found, "npm has no Node.js for this processor")
	return found[0]
}

// steps reads the script's lines until one of the step last, or to its end when last is empty.
func (s *script) steps(last string) map[string]gjson.Result {
	s.t.Helper()
	steps := map[string]gjson.Result{}
	lines := s.stdout
	for lines.Scan() {
		require.True(s.t, gjson.ValidBytes(lines.Bytes()), "not a line of JSON: %s", lines.Text())
		line := gjson.Parse(lines.Text())
		steps[line.Get("step").Str] = line
		if last != "" && line.Get("step").Str == last {
			return steps
		}
	}
	require.NoError(s.t, lines.Err())
	err := s.cmd.Wait()
	require.NoError(s.t, err, "the script failed after %v: %s", steps, s.stderr.String())
	require.Empty(s.t, last, "the script ended before its step %s", last)
	return steps
}

// runScript runs a script to its end and returns what it reported, by step.
func runScript(t *testing.T, name string, input any) map[string]gjson.Result {
	t.Helper()
	return startScript(t, name, input).steps("")
}

// seat is a user as the scripts get it.
type seat struct {
	URL      string `json:"url"`
	Server   string `json:"server"`
	User     string `json:"user"`
	Password string `json:"password"`
	Language string `json:"language,omitempty"`
}

func newSeat(h *testhospital.Hospital, name, language string) seat {
	h.User(name)
	return seat{URL: h.URL, Server: h.Name, User: name, Password: "pw-" + name, Language: language}
}

func (s seat) id() string { return "@" + s.User + ":" + s.Server }

// translating switches the translator on, with the phrases that it always has.
func translating(cfg *config.Config) {
	cfg.Translator.Enabled = true
	cfg.Translator.Engines = []config.Engine{{Type: "phrases"}}
	cfg.Translator.HoldBudget = config.Duration(10 * time.Second) // on a loaded machine a translation may take its time
}

// twoHospitals starts two hospitals, if the clients that are to use them are installed.
func twoHospitals(t *testing.T, options ...testhospital.Option) (a, b *testhospital.Hospital) {
	t.Helper()
	installed(t)
	hospitals := testhospital.Alliance(t, 2, options...)
	return hospitals[0], hospitals[1]
}
