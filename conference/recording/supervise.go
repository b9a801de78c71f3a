package recording

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"medixchange/conference/manifest"
	"medixchange/internal/pace"
)

const (
	reasonNodeGone = "the node was gone for too long"
	reasonCrashes  = "the recorder failed again and again"

	// A recorder that ends by itself is started again so often, unless it lived for steady.
	maxCrashes   = 5
	steady       = time.Minute
	restartPause = time.Second
	// watchEvery is how often the room's state and the SFUs of others are looked at while a room is recorded.
	watchEvery = 5 * time.Second
	// finishTimeout bounds what is done after the end.
	finishTimeout = 5 * time.Minute
)

// active is a recording that runs.
type active struct {
	rec *Recording

	mu       sync.Mutex
	in       *child // nil while there is no recorder
	stopping string // why it is to end, "" while it is not
	over     bool   // no recorder is started any more
	waiting  []manifest.Command
	skips    int             // tracks that are not recorded
	servers  map[string]bool // other hospitals whose SFUs the recorder was sent to
}

func newActive(rec *Recording) *active { return &active{rec: rec, servers: map[string]bool{}} }

// maxCommands bounds those that wait for a recorder.
const maxCommands = 200

// tell gives the recorder a command, or keeps it until there is one.
func (a *active) tell(c manifest.Command) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.in != nil && a.in.write(c) == nil {
		return
	}
	if len(a.waiting) < maxCommands {
		a.waiting = append(a.waiting, c)
	}
}

// stop asks the recorder to end. The first reason counts.
func (a *active) stop(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping == "" {
		a.stopping = reason
	}
	if a.in != nil {
		_ = a.in.write(manifest.Command{Type: manifest.CommandStop, Reason: a.stopping})
	}
}

// end notes that no recorder is started any more.
func (a *active) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
}

// ending reports whether it is to end, or is being finished.
func (a *active) ending() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over || a.stopping != ""
}

func (a *active) asked() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stopping
}

// attach gives the recorder what waits for it; nil takes it away.
func (a *active) attach(c *child) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.in = c
	a.servers = map[string]bool{}
	if c == nil {
		return
	}
	for _, command := range a.waiting {
		_ = c.write(command)
	}
	a.waiting = nil
	if a.stopping != "" {
		_ = c.write(manifest.Command{Type: manifest.CommandStop, Reason: a.stopping})
	}
}

// supervise runs recorders until the recording has ended. When the node stops first it is gone on with at the next start.
func (s *Service) supervise(ctx context.Context, a *active) {
	log := s.o.Log.WithFields(map[string]any{"recording": a.rec.ID, "room": a.rec.RoomID})
	for crashes := 0; a.asked() == "" && crashes < maxCrashes; crashes++ {
		if crashes > 0 {
			s.metrics.restarts.Inc()
			if !pace.Pause(ctx, restartPause<<crashes) {
				return
			}
		}
		began := time.Now()
		ended, err := s.record(ctx, a)
		if ctx.Err() != nil {
			return
		}
		if ended {
			break
		}
		log.WithError(err).Warn("the recorder ended by itself, starting it again")
		if time.Since(began) > steady {
			crashes = 0
		}
	}
	a.end()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if err := s.finish(ending, a); err != nil {
		log.WithError(err).Error("a recording cannot be finished, the next start tries again")
	}
	s.forget(a)
}

// finish closes a recording: its files, its row, the room's state; then everybody is told where it is.
func (s *Service) finish(ctx context.Context, a *active) error {
	m, err := manifest.Read(s.folder(a.rec.ID))
	if err != nil || m.State == manifest.StateRecording {
		if m, err = s.mend(ctx, a); err != nil {
			return err
		}
	}
	rec := a.rec
	rec.State, rec.Reason, rec.EndedTS, rec.Duration, rec.Bytes = m.State, m.Reason, m.EndedTS, m.Duration(), bytesOf(m)
	if err := s.end(ctx, rec); err != nil {
		return err
	}
	s.metrics.ended.WithLabelValues(rec.State).Inc()
	s.o.Log.WithFields(map[string]any{"recording": rec.ID, "reason": rec.Reason, "bytes": rec.Bytes, "ms": rec.Duration}).Info("a recording has ended")
	s.note(ctx, rec.By, "ended", rec.ID, rec.Reason)
	s.closeState(ctx, rec)
	if len(m.Tracks) > 0 {
		s.announceReplay(ctx, rec)
	}
	if s.o.Recorded != nil {
		s.o.Recorded(ctx, rec)
	}
	return nil
}

// mend has a recorder close what another one left, or does it as far as it can be done without one.
func (s *Service) mend(ctx context.Context, a *active) (*manifest.Manifest, error) {
	folder := s.folder(a.rec.ID)
	if err := s.close(ctx, a.rec); err != nil {
		s.o.Log.WithError(err).WithField("recording", a.rec.ID).Warn("no recorder could close a recording, its files stay as they are")
	}
	m, err := manifest.Read(folder)
	if err == nil {
		return m, nil
	}
	m, err = manifest.FromFolder(folder)
	if errors.Is(err, fs.ErrNotExist) || m == nil { // the recorder never began
		m = &manifest.Manifest{
			Format: manifest.Format, ID: a.rec.ID, RoomID: a.rec.RoomID, SlotID: a.rec.SlotID, Title: a.rec.Title, By: a.rec.By, StartedTS: a.rec.StartedTS,
			EndedTS: s.o.Now().UnixMilli(), State: manifest.StateInterrupted, Consent: a.rec.Consent, Consents: []manifest.Consent{},
			Participants: []manifest.Participant{}, Tracks: []manifest.Track{}, Chapters: []manifest.Chapter{},
		}
	} else if err != nil {
		return nil, err
	}
	if m.Reason == "" {
		m.Reason = reasonCrashes
		if asked := a.asked(); asked != "" {
			m.Reason = asked
		}
	}
	return m, s.writeManifest(a.rec.ID, m)
}

// closeState says in the room that it is not recorded any more: as who started it, else as the bot.
func (s *Service) closeState(ctx context.Context, rec *Recording) {
	if !s.says(ctx, rec, manifest.StateRecording) {
		return
	}
	var err error
	for _, sender := range []string{rec.By, s.o.Bot} {
		if sender == "" {
			continue
		}
		if err = s.sendState(ctx, rec, sender, manifest.StateFinished); err == nil {
			return
		}
	}
	s.o.Log.WithError(err).WithField("room", rec.RoomID).Warn("the room still says that it is recorded: nobody here may say otherwise")
}

// watchStates ends recordings whose room says so, and sends recorders to the SFUs of other hospitals.
func (s *Service) watchStates(ctx context.Context) {
	for pace.Pause(ctx, watchEvery) {
		s.mu.Lock()
		all := make([]*active, 0, len(s.active))
		for _, a := range s.active {
			all = append(all, a)
		}
		s.mu.Unlock()
		for _, a := range all {
			if !s.says(ctx, a.rec, manifest.StateRecording) {
				a.stop("stopped by the room")
				continue
			}
			s.visitOthers(ctx, a)
		}
	}
}

func bytesOf(m *manifest.Manifest) int64 {
	var n int64
	for _, t := range m.Tracks {
		n += t.Bytes
	}
	return n
}
