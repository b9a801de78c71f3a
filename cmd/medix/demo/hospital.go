package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"medixchange/admin"
	"medixchange/internal/freeport"
)

const (
	startTimeout = 20 * time.Second
	stopTimeout  = 12 * time.Second
)

// hospital is one node as a process of its own.
type hospital struct {
	title   string
	name    string // server name
	url     string // for clients
	dir     string
	config  string
	program string
	process *exec.Cmd
	exited  chan error
	// conferences says that it has an SFU.
	conferences bool
}

// newHospital writes the configuration of a hospital whose listeners have the two ports, of its part in the alliance, and of whose
// editions of the handbook it takes.
func newHospital(title, program, dir string, ca *authority, clientPort, federationPort int, alliance map[string]any, publishers []string) (*hospital, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making %s: %w", dir, err)
	}
	cert, key, err := ca.issue(dir)
	if err != nil {
		return nil, err
	}
	h := &hospital{
		title: title, dir: dir, program: program, config: filepath.Join(dir, "medix.yaml"),
		name: "localhost:" + strconv.Itoa(federationPort), url: "http://localhost:" + strconv.Itoa(clientPort),
	}
	conference, err := conferenceSettings(dir)
	if err != nil {
		return nil, err
	}
	h.conferences = conference != nil
	trusted := []map[string]string{}
	for _, p := range publishers {
		trusted = append(trusted, map[string]string{"server": p})
	}
	settings := map[string]any{
		"server_name":     h.name,
		"data_dir":        dir,
		"public_base_url": h.url,
		"listen": map[string]any{
			"client":       []string{"127.0.0.1:" + strconv.Itoa(clientPort)},
			"federation":   []string{"127.0.0.1:" + strconv.Itoa(federationPort)},
			"tls":          map[string]string{"cert": cert, "key": key},
			"admin_socket": filepath.Join(dir, "admin.sock"),
		},
		"federation": map[string]any{
			"allow_private": []string{"127.0.0.0/8", "::1/128"}, "trusted_ca": ca.file, "backoff_max": "2s",
		},
		"alliance":   alliance,
		"handbook":   map[string]any{"updates": map[string]any{"trusted": trusted}},
		"translator": map[string]any{"enabled": true, "allow_pivot": true},
		"log":        map[string]string{"level": "info"},
	}
	if conference != nil {
		settings["conference"] = conference
	}
	text, err := json.MarshalIndent(settings, "", "  ") // JSON is YAML
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	if err := os.WriteFile(h.config, text, 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return h, nil
}

// start starts the process and waits until it is ready.
func (h *hospital) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(h.dir, "medix.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer func() { _ = log.Close() }()
	h.process = exec.Command(h.program, "--config", h.config, "serve")
	h.process.Stdout, h.process.Stderr = log, log
	h.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := h.process.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", h.title, err)
	}
	h.exited = make(chan error, 1)
	go func(p *exec.Cmd, exited chan<- error) { exited <- p.Wait() }(h.process, h.exited)
	return h.waitReady(ctx)
}

func (h *hospital) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-h.exited:
			h.process = nil
			return fmt.Errorf("%s ended at its start (%v): see %s", h.title, err, filepath.Join(h.dir, "medix.log"))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", h.title, ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// kill ends the process as a power cut would.
func (h *hospital) kill() error {
	if err := h.process.Process.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing %s: %w", h.title, err)
	}
	<-h.exited
	h.process = nil
	return nil
}

// stop ends the process and its children in order.
func (h *hospital) stop() error {
	if h.process == nil {
		return nil
	}
	defer func() { h.process = nil }()
	if err := h.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping %s: %w", h.title, err)
	}
	select {
	case err := <-h.exited:
		return err
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-h.process.Process.Pid, syscall.SIGKILL)
		return fmt.Errorf("%s did not stop within %s", h.title, stopTimeout)
	}
}

// medix runs a verb of the command line as the hospital's administrator would, and decodes what it prints into out (nil: ignored).
func (h *hospital) medix(ctx context.Context, out any, args ...string) error {
	cmd := exec.CommandContext(ctx, h.program, append([]string{"--config", h.config, "--json"}, args...)...)
	var said, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("medix %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(complaint.String()))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(said.Bytes(), out); err != nil {
		return fmt.Errorf("understanding medix %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// account makes an account through the hospital's local socket, as its admin would.
func (h *hospital) account(ctx context.Context, localpart, displayName, password string) error {
	client := admin.NewClient(filepath.Join(h.dir, "admin.sock"))
	return client.Call(ctx, http.MethodPost, "/users",
		admin.NewUser{Localpart: localpart, Password: password, DisplayName: displayName}, nil)
}

// engines returns the process ids of the hospital's translation engines, which are its children.
func (h *hospital) engines() ([]int, error) {
	folders, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	parents := map[int]int{}
	for _, path := range folders {
		if pid, ppid, ok := readStat(path); ok {
			parents[pid] = ppid
		}
	}
	var found []int
	for pid := range parents {
		for p := parents[pid]; p > 1; p = parents[p] {
			if p == h.process.Process.Pid {
				found = append(found, pid)
				break
			}
		}
	}
	if len(found) == 0 {
		return nil, errors.New("the hospital runs no engine")
	}
	return found, nil
}

func readStat(path string) (pid, ppid int, ok bool) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, false // ended meanwhile
	}
	end := strings.LastIndexByte(string(raw), ')')
	fields := strings.Fields(string(raw[end+1:]))
	if end < 0 || len(fields) < 2 {
		return 0, 0, false
	}
	pid, err1 := strconv.Atoi(strings.Fields(string(raw))[0])
	ppid, err2 := strconv.Atoi(fields[1])
	return pid, ppid, err1 == nil && err2 == nil
}

// freePort returns want, or a free port when it is 0.
func freePort(want int) (int, error) {
	if want == 0 {
		return freeport.Take("127.0.0.1")
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(want))
	if err != nil {
		return 0, fmt.Errorf("port %d: %w", want, err)
	}
	defer func() { _ = l.Close() }()
	return want, nil
}
