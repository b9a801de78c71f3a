package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"maunium.net/go/mautrix/id"
)

// stage holds what the scenes use.
type stage struct {
	Options
	report     *report
	dir        string
	keep       bool      // leave the data for a look at the logs
	a, b, c    *hospital // c is no member of the alliance at first
	council    *council
	zh, es, en *clinician
	direct     id.RoomID
	group      id.RoomID
}

// prepare makes authority, ports and configurations; nothing runs yet.
func (s *stage) prepare(ctx context.Context) error {
	ca, err := newAuthority(s.dir)
	if err != nil {
		return err
	}
	ports := s.Ports
	for i := range ports {
		if ports[i], err = freePort(ports[i]); err != nil {
			return err
		}
	}
	if s.council, err = newCouncil(s.dir); err != nil {
		return err
	}
	if s.a, err = s.hospital("A", ca, ports[0], ports[1]); err != nil {
		return err
	}
	if s.b, err = s.hospital("B", ca, ports[2], ports[3], s.a.name); err != nil {
		return err
	}
	var more [2]int
	for i := range more {
		if more[i], err = freePort(0); err != nil {
			return err
		}
	}
	s.c, err = s.hospital("C", ca, more[0], more[1], s.a.name)
	return err
}

// hospital prepares one whose alliance is asked for at peers.
func (s *stage) hospital(letter string, ca *authority, clientPort, federationPort int, peers ...string) (*hospital, error) {
	belongs := map[string]any{
		"enabled": true, "charter": s.council.file, "peers": append([]string{}, peers...), "poll": "1s",
		"applications": map[string]any{"enabled": letter == "A"},
		"hospital": map[string]any{"legal_name": "Demonstration hospital " + letter, "country": "FR", "contact": "IT department",
			"email": "it@hospital.example", "languages": []string{"fr"}},
	}
	return newHospital("hospital "+letter, s.Program, filepath.Join(s.dir, strings.ToLower(letter)), ca, clientPort, federationPort, belongs)
}

func (s *stage) close() {
	for _, h := range []*hospital{s.a, s.b, s.c} {
		if h == nil {
			continue
		}
		if err := h.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "medix demo:", err)
		}
	}
}

// explain tells how to take part.
func (s *stage) explain() {
	fmt.Fprintf(s.Out, `
The hospitals stay up until you press Ctrl-C. Connect Element (or any Matrix client) with "edit homeserver":

  hospital A  %s
    %-34s password %s  reads Chinese
  hospital B  %s
    %-34s password %s  reads Spanish
    %-34s password %s  reads English

The logs are in %s.
`, s.a.url, s.zh.client.UserID, s.zh.password,
		s.b.url, s.es.client.UserID, s.es.password, s.en.client.UserID, s.en.password, s.dir)
}

func newPassword() string { return rand.Text()[:16] }

// signalAll sends a signal to processes; those that ended meanwhile do not count.
func signalAll(pids []int, signal syscall.Signal) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && err != syscall.ESRCH {
			return fmt.Errorf("signalling the engine: %w", err)
		}
	}
	return nil
}
