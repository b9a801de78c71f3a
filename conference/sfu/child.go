package sfu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

const (
	// startTimeout bounds the start of the embedded SFU, for those who wait for it.
	startTimeout = 20 * time.Second
	stopTimeout  = 5 * time.Second
	healthEvery  = 20 * time.Millisecond
	idleEvery    = 10 * time.Second

	firstPause = 200 * time.Millisecond
	lastPause  = 30 * time.Second
	// sound is how long a child must have run for the next one not to wait.
	sound = time.Minute
)

// supervised is what others see of the child.
type supervised struct {
	wake chan struct{} // asks for a start

	mu      sync.Mutex
	at      int           // port of the one that answers; 0: none
	changed chan struct{} // closed when at changes
	fault   error         // why the last one ended or did not start
}

func (c *supervised) port() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *supervised) set(port int, fault error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.fault = port, fault
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

func (c *supervised) state() (port int, changed <-chan struct{}, fault error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.at, c.changed, c.fault
}

// await asks for a start and waits until there is a child that answers. A child that cannot be started is waited for as long
// as ctx allows, since the next try may succeed.
func (c *supervised) await(ctx context.Context) error {
	for {
		port, changed, fault := c.state()
		if port > 0 {
			return nil
		}
		select {
		case c.wake <- struct{}{}:
		default:
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if fault == nil {
				fault = ctx.Err()
			}
			return fmt.Errorf("%w: %w", ErrUnavailable, fault)
		}
	}
}

// supervise starts the child when it is wanted, and again when it has ended by itself.
func (s *SFU) supervise(ctx context.Context) {
	pause := firstPause
	for {
		if !s.wanted() {
			select {
			case <-ctx.Done():
				return
			case <-s.child.wake:
				s.used()
			}
		}
		began := time.Now()
		err := s.serve(ctx)
		s.child.set(0, err)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			s.o.Log.Info("the SFU has stopped: there is no conference")
			continue
		}
		if time.Since(began) > sound {
			pause = firstPause
		}
		s.metrics.restarts.Inc()
		s.o.Log.WithError(err).WithField("again_in", pause.String()).Error("the SFU has ended by itself, starting it again")
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// wanted reports whether the SFU is to run: while somebody is connected, and for a while after it was last asked for.
func (s *SFU) wanted() bool {
	idle := s.o.Config.IdleStop.Std()
	return idle == 0 || s.open.total() > 0 || s.o.Now().UnixMilli()-s.lastUse.Load() < idle.Milliseconds()
}

// serve runs one child until it ends (with an error), is not wanted any more, or ctx ends.
func (s *SFU) serve(ctx context.Context) error {
	path, err := s.o.Program()
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	job, err := json.Marshal(s.childConfig(port))
	if err != nil {
		return fmt.Errorf("writing the configuration of the SFU: %w", err)
	}
	cmd := exec.Command(path, "sfu")
	cmd.Env = childEnv()
	cmd.WaitDelay = stopTimeout
	in, err := cmd.StdinPipe() // whose end is the end of the child, also when this node is killed
	if err != nil {
		return fmt.Errorf("starting the SFU: %w", err)
	}
	out := s.logWriter()
	defer func() { _ = out.Close() }()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the SFU: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := func() {
		_ = in.Close()
		select {
		case <-ended:
		case <-time.After(stopTimeout):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	if _, err := in.Write(append(job, '\n')); err != nil {
		stop()
		return fmt.Errorf("configuring the SFU: %w", err)
	}
	if err := s.healthy(ctx, port, ended); err != nil {
		stop()
		return err
	}
	s.child.set(port, nil)
	s.o.Log.WithField("pid", cmd.Process.Pid).Info("the SFU runs")
	return s.attend(ctx, ended, stop)
}

// attend waits until the child is not needed any more or has ended.
func (s *SFU) attend(ctx context.Context, ended <-chan error, stop func()) error {
	idle := time.NewTicker(idleEvery)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			s.child.set(0, ErrUnavailable)
			stop()
			return nil
		case err := <-ended:
			return fmt.Errorf("the SFU ended: %w", orEnded(err))
		case <-idle.C:
			if !s.wanted() {
				s.child.set(0, nil)
				stop()
				return nil
			}
		}
	}
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("without an error")
	}
	return err
}

// healthy waits until the child answers.
func (s *SFU) healthy(ctx context.Context, port int, ended chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("the SFU ended while it started: %w", orEnded(err))
		case <-ctx.Done():
			return fmt.Errorf("waiting for the SFU to start: %w", ctx.Err())
		case <-tick.C:
			if s.answers(ctx, port) {
				return nil
			}
		}
	}
}

func (s *SFU) answers(ctx context.Context, port int) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(port)+"/", nil)
	if err != nil {
		return false
	}
	resp, err := s.api.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}

// freePort finds a port of the loopback interface. Somebody else may take it before the child does; then the child ends and
// the next one gets another.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a port for the SFU: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// childEnv gives the child none of this process's secrets. GORACE is for programs that are built with the race detector.
func childEnv() []string {
	env := []string{"GOGC=50"}
	for _, name := range []string{"PATH", "TZ", "LANG", "TMPDIR", "GORACE"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// maxLogLine bounds a line of the child's log.
const maxLogLine = 8 << 10

// logWriter hands the child's lines to the log.
func (s *SFU) logWriter() io.WriteCloser {
	r, w := io.Pipe()
	go func() {
		lines := bufio.NewReaderSize(r, maxLogLine)
		for {
			line, _, err := lines.ReadLine()
			if err != nil {
				_ = r.CloseWithError(err)
				return
			}
			s.logLine(line)
		}
	}()
	return w
}

// logLine logs one line of LiveKit's, which are JSON, at its level.
func (s *SFU) logLine(line []byte) {
	var entry struct {
		Level string `json:"level"`
		Msg   string `json:"msg"`
		Error string `json:"error"`
	}
	if json.Unmarshal(line, &entry) != nil {
		s.o.Log.WithField("from", "sfu").Warn(string(line))
		return
	}
	log := s.o.Log.WithField("from", "sfu")
	if entry.Error != "" {
		log = log.WithField("cause", entry.Error)
	}
	switch entry.Level {
	case "error", "fatal", "panic":
		log.Warn(entry.Msg)
	default:
		log.Debug(entry.Msg)
	}
}
