package sfu

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"medixchange/internal/netguard"
)

// The ways in which a client reaches an SFU: its signalling, and media by UDP, by TCP and through a relay.
const (
	WayWebSocket = "websocket"
	WayUDP       = "udp"
	WayTCP       = "tcp"
	WayRelay     = "relay"
)

// Ways are all of them.
func Ways() []string { return []string{WayWebSocket, WayUDP, WayTCP, WayRelay} }

// ProbeJob asks the media program to try an SFU (`medix-media probe`).
type ProbeJob struct {
	URL    string          `json:"url"`
	Token  string          `json:"token"`
	Policy netguard.Policy `json:"policy"` // where it may connect to
}

// Reached is how one way went.
type Reached struct {
	Way   string `json:"way"`
	OK    bool   `json:"ok"`
	MS    int64  `json:"ms"`
	Error string `json:"error,omitempty"`
}

// ProbeTimeout bounds a whole trial.
const ProbeTimeout = 50 * time.Second

// Probe tries every way to an SFU from this machine, as a client does.
func Probe(ctx context.Context, program string, job ProbeJob) ([]Reached, error) {
	ctx, cancel := context.WithTimeout(ctx, ProbeTimeout)
	defer cancel()
	line, err := json.Marshal(job)
	if err != nil {
		return nil, fmt.Errorf("trying the SFU: %w", err)
	}
	cmd := exec.CommandContext(ctx, program, "probe")
	cmd.Env, cmd.WaitDelay = childEnv(), stopTimeout
	in, err := cmd.StdinPipe() // stays open: the program ends when it ends
	if err != nil {
		return nil, fmt.Errorf("trying the SFU: %w", err)
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("trying the SFU: %w", err)
	}
	_, writeErr := in.Write(append(line, '\n'))
	if err := errors.Join(writeErr, cmd.Wait()); err != nil && out.Len() == 0 {
		return nil, fmt.Errorf("trying the SFU: %w", err)
	}
	return readReached(out.Bytes())
}

func readReached(text []byte) ([]Reached, error) {
	var out []Reached
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan() && len(out) < len(Ways()); {
		var r Reached
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return out, fmt.Errorf("reading how the SFU was reached: %w", err)
		}
		out = append(out, r)
	}
	return out, nil
}
