package recording

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"medixchange/conference/manifest"
	"medixchange/internal/config"
	"medixchange/internal/pace"
)

const (
	// stopWait is how long a recorder may take to end when it was asked to.
	stopWait = 30 * time.Second
	// maxEvent bounds a line that a recorder says.
	maxEvent = 64 << 10
	// reconnectPause is how long after an SFU was lost it is asked for again.
	reconnectPause = 2 * time.Second
	accessTimeout  = 20 * time.Second
)

// child is a recorder that runs: medix-media record.
type child struct {
	mu sync.Mutex
	in io.WriteCloser
}

func (c *child) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return wrap(err, "encoding a command of a recorder")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.in.Write(append(line, '\n'))
	return wrap(err, "telling a recorder")
}

// childEnv gives a recorder none of this process's secrets. GORACE is for programs that are built with the race detector.
func childEnv() (env []string) {
	for _, name := range []string{"PATH", "HOME", "TZ", "GORACE"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// launch starts the program with a job. Its events are given to hear until it ends; end waits for that.
func (s *Service) launch(ctx context.Context, job manifest.Job, hear func(manifest.Event)) (c *child, end func() error, err error) {
	path, err := s.o.Program()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, path, "record")
	cmd.Env = childEnv()
	cmd.WaitDelay = stopWait
	log := s.o.Log.WithField("recording", job.ID).WriterLevel(warnLevel)
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, wrap(err, "preparing a recorder")
	}
	cmd.Cancel = in.Close // it ends well when nobody tells it anything any more
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, wrap(err, "preparing a recorder")
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, wrap(err, "starting a recorder")
	}
	c = &child{in: in}
	err = c.write(job)
	end = func() error {
		lines := bufio.NewScanner(out)
		lines.Buffer(make([]byte, 0, 4096), maxEvent)
		for lines.Scan() {
			var e manifest.Event
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				hear(e)
			}
		}
		return errors.Join(cmd.Wait(), log.Close())
	}
	return c, end, err
}

// record runs one recorder. It reports whether the recording has ended.
func (s *Service) record(ctx context.Context, a *active) (ended bool, err error) {
	job, err := s.job(ctx, a)
	if err != nil {
		return false, err
	}
	hear := func(e manifest.Event) {
		if e.Type == manifest.EventEnded {
			ended = e.State == manifest.StateFinished
			return
		}
		s.hear(ctx, a, e)
	}
	c, end, err := s.launch(ctx, job, hear)
	if c == nil {
		return false, err
	}
	a.attach(c)
	err = errors.Join(err, end())
	a.attach(nil)
	return ended, err
}

// job is what the recorder is told.
func (s *Service) job(ctx context.Context, a *active) (manifest.Job, error) {
	c, rec := s.o.Config, a.rec
	asking, cancel := context.WithTimeout(ctx, accessTimeout)
	defer cancel()
	access, err := s.o.Calls.Enter(asking, rec.call(), rec.ID)
	if err != nil {
		return manifest.Job{}, wrap(err, "asking the SFU in for a recorder")
	}
	allowed, err := s.answered(ctx, rec.ID, "yes")
	if err != nil {
		return manifest.Job{}, err
	}
	denied, err := s.answered(ctx, rec.ID, "no")
	if err != nil {
		return manifest.Job{}, err
	}
	left := s.o.Config.MaxBytes
	if quota := int64(c.Quota); quota > 0 {
		used, err := s.usedBytes(ctx)
		if err != nil {
			return manifest.Job{}, err
		}
		left = min(left, config.Size(max(quota-used, 1)))
	}
	return manifest.Job{
		ID: rec.ID, RoomID: rec.RoomID, SlotID: rec.SlotID, Title: rec.Title, By: rec.By, Consent: rec.Consent, Allowed: allowed, Denied: denied, URL: access.URL, Token: access.Token,
		Server: access.Server, Policy: s.o.Abroad, Folder: s.folder(rec.ID), StartedTS: rec.StartedTS, Speech: s.o.Speech,
		Limits: manifest.Limits{
			Bytes: int64(left), Seconds: int64(c.MaxDuration.Std() / time.Second), Tracks: c.MaxTracks, DiskLeft: int64(c.DiskLeft),
			Empty: int64(c.Empty.Std() / time.Second),
		},
	}, nil
}

// close has a recorder repair and close what is in the folder of a recording.
func (s *Service) close(ctx context.Context, rec *Recording) error {
	_, end, err := s.launch(ctx, manifest.Job{ID: rec.ID, Folder: s.folder(rec.ID), Finish: true}, func(manifest.Event) {})
	if end == nil {
		return err
	}
	return errors.Join(err, end())
}

// hear does what the recorder needs.
func (s *Service) hear(ctx context.Context, a *active, e manifest.Event) {
	switch e.Type {
	case manifest.EventDisconnected:
		if e.Reason != "reconnecting" {
			s.parts.Go(func() { s.reconnect(ctx, a, e.Server) })
		}
	case manifest.EventSkipped:
		s.skipped(a, e)
	case manifest.EventSpeech:
		if s.o.Said != nil {
			s.o.Said(ctx, a.rec, e.File)
		}
	case manifest.EventWho:
		s.parts.Go(func() { s.introduce(ctx, a, e) })
	}
}

// maxSkipped bounds what the log says of tracks that one recording leaves out; its manifest and metrics say more.
const maxSkipped = 100

// skipped logs that something is not recorded, which somebody may look for later.
func (s *Service) skipped(a *active, e manifest.Event) {
	a.mu.Lock()
	a.skips++
	n := a.skips
	a.mu.Unlock()
	if n > maxSkipped {
		return
	}
	s.o.Log.WithFields(map[string]any{"recording": a.rec.ID, "user": e.UserID, "kind": e.Kind, "reason": e.Reason}).Warn("something is not recorded")
}

// reconnect gives the recorder a new token for an SFU that it lost.
func (s *Service) reconnect(ctx context.Context, a *active, server string) {
	if !pace.Pause(ctx, reconnectPause) || a.asked() != "" {
		return
	}
	asking, cancel := context.WithTimeout(ctx, accessTimeout)
	defer cancel()
	if server != s.o.ServerName {
		a.mu.Lock()
		delete(a.servers, server) // watchStates sends it there again while somebody is there
		a.mu.Unlock()
		return
	}
	access, err := s.o.Calls.Enter(asking, a.rec.call(), a.rec.ID)
	if err != nil {
		s.o.Log.WithError(err).WithField("recording", a.rec.ID).Warn("the SFU does not let the recorder in, trying again")
		s.parts.Go(func() { s.reconnect(ctx, a, server) })
		return
	}
	a.tell(manifest.Command{Type: manifest.CommandConnect, Server: access.Server, URL: access.URL, Token: access.Token})
}

// introduce tells the recorder who a participant is.
func (s *Service) introduce(ctx context.Context, a *active, e manifest.Event) {
	asking, cancel := context.WithTimeout(ctx, accessTimeout)
	defer cancel()
	who, _ := s.o.Calls.Who(asking, a.rec.call(), e.Server, e.Name)
	a.tell(manifest.Command{
		Type: manifest.CommandWho, Server: e.Server, Identity: e.Name, UserID: who.UserID, DeviceID: who.DeviceID, Name: who.Name,
	})
}

// maxVisited bounds the SFUs of others that one recorder is sent to.
const maxVisited = 50

// visitOthers sends the recorder to the SFUs of other hospitals where members of the call are.
func (s *Service) visitOthers(ctx context.Context, a *active) {
	others, err := s.o.Calls.Others(ctx, a.rec.call())
	if err != nil {
		s.o.Log.WithError(err).WithField("recording", a.rec.ID).Warn("nobody knows at which SFUs a call is")
		return
	}
	for _, server := range others {
		a.mu.Lock()
		visited := a.in == nil || a.servers[server] || len(a.servers) >= maxVisited
		if !visited {
			a.servers[server] = true
		}
		a.mu.Unlock()
		if visited {
			continue
		}
		s.parts.Go(func() { s.visit(ctx, a, server) })
	}
}

func (s *Service) visit(ctx context.Context, a *active, server string) {
	asking, cancel := context.WithTimeout(ctx, accessTimeout)
	defer cancel()
	access, err := s.o.Calls.EnterAt(asking, server, a.rec.call(), a.rec.By, a.rec.ID)
	if err != nil {
		s.o.Log.WithError(err).WithFields(map[string]any{"recording": a.rec.ID, "peer": server}).Warn("another hospital's SFU does not let the recorder in, trying again")
		a.mu.Lock()
		delete(a.servers, server)
		a.mu.Unlock()
		return
	}
	a.tell(manifest.Command{Type: manifest.CommandConnect, Server: server, URL: access.URL, Token: access.Token})
}
