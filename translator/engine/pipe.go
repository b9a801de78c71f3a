package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// maxPipeAnswer bounds what one line may become.
const maxPipeAnswer = 1 << 20

// pipe is a shell pipeline that answers each NUL-ended line with a NUL-ended line. One exchange at a
// time; it is started by the first and again after it died.
type pipe struct {
	command string
	idle    time.Duration

	mu      sync.Mutex // held during an exchange
	process *process
	sleep   *time.Timer
}

// process is a running pipeline.
type process struct {
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
}

// exchange sends lines and reads as many answers. A pipeline that turns out to have died since its last exchange is
// started anew, once. When the context ends first, the pipeline is killed: what it still owes must not become the answer
// to the next request.
func (p *pipe) exchange(ctx context.Context, lines []string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answers, err := p.ask(ctx, lines)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	p.sleepLater()
	return answers, err
}

// ask is an exchange that starts a dead pipeline anew. The caller holds the lock.
func (p *pipe) ask(ctx context.Context, lines []string) ([]string, error) {
	wasRunning := p.process != nil
	answers, err := p.attempt(ctx, lines)
	if err != nil && wasRunning && ctx.Err() == nil {
		return p.attempt(ctx, lines)
	}
	return answers, err
}

// check sends an empty text through the pipeline if it runs, or with start in any case; then it runs no longer than before.
// One that is in the middle of an exchange lives, as far as can be told.
func (p *pipe) check(ctx context.Context, start bool) (ran bool, err error) {
	if !p.mu.TryLock() {
		return true, nil
	}
	defer p.mu.Unlock()
	wasRunning := p.process != nil
	if !wasRunning && !start {
		return false, nil
	}
	_, err = p.ask(ctx, []string{""})
	if !wasRunning {
		p.end()
	}
	return true, err
}

// attempt is one exchange with the pipeline that runs, or with a new one. One that failed is gone afterwards. The caller
// holds the lock.
func (p *pipe) attempt(ctx context.Context, lines []string) ([]string, error) {
	if p.process == nil {
		started, err := start(p.command)
		if err != nil {
			return nil, err
		}
		p.process = started
	}
	running := p.process
	stop := context.AfterFunc(ctx, running.kill)
	answers, err := running.exchange(lines)
	stopped := !stop()
	if err != nil || stopped {
		running.kill()
		running.wait()
		p.process = nil
	}
	return answers, err
}

// sleepLater stops the pipeline when it has not been used for a while. The caller holds the lock.
func (p *pipe) sleepLater() {
	if p.sleep != nil {
		p.sleep.Stop()
	}
	p.sleep = time.AfterFunc(p.idle, p.stop)
}

// stop ends the pipeline, after the exchange that may be going on.
func (p *pipe) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sleep != nil {
		p.sleep.Stop()
	}
	p.end()
}

// end kills what runs. The caller holds the lock.
func (p *pipe) end() {
	if p.process == nil {
		return
	}
	p.process.kill()
	p.process.wait()
	p.process = nil
}

// start runs a shell pipeline in a process group of its own. $1 of Apertium's modes is how the
// generator marks what it does not know, $2 an option of the tagger.
func start(command string) (*process, error) {
	shell := exec.Command("sh", "-c", command, "apertium", "-g")
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Env = append(shell.Environ(), "LC_ALL=C.UTF-8")
	input, err := shell.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the pipe: %w", err)
	}
	output, err := shell.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the pipe: %w", err)
	}
	if err := shell.Start(); err != nil {
		return nil, fmt.Errorf("starting the pipe: %w", err)
	}
	return &process{command: shell, input: input, output: bufio.NewReader(output)}, nil
}

// lineEnd makes the stages give out all they have before the NUL byte.
const lineEnd = "[][\n]\x00"

func (p *process) exchange(lines []string) ([]string, error) {
	written := make(chan error, 1)
	go func() {
		_, err := io.WriteString(p.input, strings.Join(lines, lineEnd)+lineEnd)
		written <- err
	}()
	answers := make([]string, 0, len(lines))
	for range lines {
		answer, err := p.read()
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	if err := <-written; err != nil {
		return nil, fmt.Errorf("writing to the pipe: %w", err)
	}
	if p.output.Buffered() > 0 { // the next request must not get what this one has too much
		return nil, errors.New("the pipe answers more than it was asked")
	}
	return answers, nil
}

func (p *process) read() (string, error) {
	var line []byte
	for {
		part, err := p.output.ReadSlice(0)
		line = append(line, part...)
		switch {
		case err == nil:
			return strings.TrimSuffix(string(line), lineEnd), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", fmt.Errorf("reading from the pipe: %w", err)
		case len(line) > maxPipeAnswer:
			return "", errors.New("the pipe answers without end")
		}
	}
}

// kill ends the whole group; reads and writes that wait return.
func (p *process) kill() {
	if p.command.Process != nil {
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL) // it may be gone already
	}
}

// wait collects what is left of a killed group.
func (p *process) wait() {
	_ = p.input.Close()
	_ = p.command.Wait() // its exit code is that of the kill
}
