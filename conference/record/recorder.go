package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"medixchange/conference/manifest"
)

const (
	flushEvery = 500 * time.Millisecond // what a kill may lose
	syncEvery  = 2                      // flushes; what a power loss may lose
	lockWait   = 10 * time.Second       // for the recorder before to end
)

// Recorder records one call.
type Recorder struct {
	job     manifest.Job
	started time.Time // job.StartedTS by the monotonic clock
	log     *journal
	guard   *guard

	mu        sync.Mutex
	sessions  map[string]*session // by server
	tracks    map[*track]struct{}
	numbers   int
	ended     int64 // bytes of tracks that have ended
	allowed   map[string]bool
	strangers map[[2]string]person // by server and identity
	empty     float64              // since when nobody is there, -1 while somebody is
	paused    bool
	stop      chan string // why the recording ends
	state     string
}

// Run records as the job says until a command, a limit, an empty room, the end of commands or of ctx ends it. It goes on with what is in the
// job's folder. Events are written to out as JSON lines.
func Run(ctx context.Context, job manifest.Job, commands io.Reader, out io.Writer) error {
	lock, err := lockFolder(ctx, job.Folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := Repair(job.Folder); err != nil {
		return err
	}
	if job.Finish {
		return finish(job.Folder)
	}
	r, err := newRecorder(job, out)
	if err != nil {
		return err
	}
	defer r.log.close()
	return r.run(ctx, commands)
}

// lockFolder makes the folder and waits for the recorder that was there before.
func lockFolder(ctx context.Context, folder string) (io.Closer, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of a recording: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(folder, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the folder of a recording: %w", err)
	}
	for deadline := time.Now().Add(lockWait); ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("locking the folder of a recording: %w", err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func newRecorder(job manifest.Job, out io.Writer) (*Recorder, error) {
	r := &Recorder{
		job: job, guard: newGuard(job.Policy), started: time.Now().Add(-time.Since(time.UnixMilli(job.StartedTS))), sessions: map[string]*session{},
		tracks: map[*track]struct{}{}, allowed: map[string]bool{},
		strangers: map[[2]string]person{}, empty: -1, stop: make(chan string, 1), state: manifest.StateFinished,
	}
	for _, userID := range job.Allowed {
		r.allowed[userID] = true
	}
	for _, userID := range job.Denied {
		r.allowed[userID] = false
	}
	before, err := manifest.FromFolder(job.Folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading what was recorded before: %w", err)
	}
	if before != nil {
		r.takeUp(before)
	}
	if r.log, err = openJournal(job.Folder, out); err != nil {
		return nil, err
	}
	r.say(manifest.Event{
		Type: manifest.EventStarted, ID: job.ID, RoomID: job.RoomID, SlotID: job.SlotID, Title: job.Title, UserID: job.By, Consent: job.Consent, TS: job.StartedTS,
	})
	return r, nil
}

// takeUp goes on after the recording that was interrupted.
func (r *Recorder) takeUp(before *manifest.Manifest) {
	for _, t := range before.Tracks {
		var n int
		if _, err := fmt.Sscanf(t.ID[1:], "%d", &n); err == nil {
			r.numbers = max(r.numbers, n)
		}
		r.ended += t.Bytes
	}
}

func (r *Recorder) now() float64 { return float64(time.Since(r.started)) / float64(time.Millisecond) }

// say writes an event down and tells it.
func (r *Recorder) say(e manifest.Event) {
	e.At = max(int64(r.now()), 0)
	if err := r.log.write(e); err != nil {
		r.finish("the events cannot be written")
	}
}

// trouble ends the recording if the disk is at fault. Anything else concerns one track, which has ended.
func (r *Recorder) trouble(err error) {
	fmt.Fprintf(os.Stderr, "record: %v\n", err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO) {
		r.finish("the disk takes no more")
	}
}

// finish asks the recording to end. The first reason counts.
func (r *Recorder) finish(reason string) {
	select {
	case r.stop <- reason:
	default:
	}
}

func (r *Recorder) run(ctx context.Context, commands io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.guard.install()
	go r.connect(ctx, r.job.Server, r.job.URL, r.job.Token)
	go r.listen(ctx, commands)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	reason := ""
	for n := 1; reason == ""; n++ {
		select {
		case <-ctx.Done():
			reason = "stopped"
		case reason = <-r.stop:
		case <-tick.C:
			r.tick(n%syncEvery == 0)
		}
	}
	return r.close(reason)
}

// tick writes what waits and looks at the limits.
func (r *Recorder) tick(sync bool) {
	r.mu.Lock()
	tracks := make([]*track, 0, len(r.tracks))
	for t := range r.tracks {
		tracks = append(tracks, t)
	}
	bytes := r.ended
	r.mu.Unlock()
	for _, t := range tracks {
		n, err := t.flush()
		if err == nil && sync {
			err = t.sync()
		}
		if err != nil {
			r.trouble(err)
		}
		bytes += n
	}
	if sync {
		if err := r.log.sync(); err != nil {
			r.trouble(err)
		}
		r.limits(bytes + r.log.size())
	}
}

func (r *Recorder) limits(bytes int64) {
	l := r.job.Limits
	var disk syscall.Statfs_t
	switch {
	case l.Bytes > 0 && bytes >= l.Bytes:
		r.finish("the recording is as large as it may be")
	case l.Seconds > 0 && r.now() >= float64(l.Seconds)*1000:
		r.finish("the recording is as long as it may be")
	case l.DiskLeft > 0 && syscall.Statfs(r.job.Folder, &disk) == nil && int64(disk.Bavail)*disk.Bsize < l.DiskLeft:
		r.finish("the disk is nearly full")
	case l.Empty > 0 && r.emptyFor() >= float64(l.Empty)*1000:
		r.finish("everybody has left")
	}
}

// emptyFor returns for how long nobody was there, in milliseconds.
func (r *Recorder) emptyFor() float64 {
	r.mu.Lock()
	n := 0
	for _, s := range r.sessions {
		n += s.inhabitants()
	}
	now := r.now()
	was := r.empty
	switch {
	case n > 0:
		r.empty = -1
	case was < 0:
		r.empty = now
	}
	since := r.empty
	r.mu.Unlock()
	if n > 0 {
		if was >= 0 {
			r.say(manifest.Event{Type: manifest.EventInhabited})
		}
		return 0
	}
	if was < 0 {
		r.say(manifest.Event{Type: manifest.EventEmpty})
	}
	return now - since
}

// close ends every track and writes the manifest: first as it is, so that it can be replayed, then with checksums.
func (r *Recorder) close(reason string) error {
	r.mu.Lock()
	sessions := r.sessions
	r.sessions = nil
	state := r.state
	r.mu.Unlock()
	for _, s := range sessions {
		s.close()
		s.room.Disconnect()
	}
	r.say(manifest.Event{Type: manifest.EventEnded, Reason: reason, State: state, TS: time.Now().UnixMilli()})
	if err := r.log.sync(); err != nil {
		return err
	}
	if state == manifest.StateInterrupted {
		return nil // whoever comes next goes on or finishes
	}
	return finish(r.job.Folder)
}

// finish writes the manifest of what is in folder.
func finish(folder string) error {
	m, err := manifest.FromFolder(folder)
	if err != nil {
		return err
	}
	if err := manifest.Write(folder, m); err != nil {
		return err
	}
	for i := range m.Tracks {
		if m.Tracks[i].SHA256, err = manifest.Sum(filepath.Join(folder, m.Tracks[i].File)); err != nil {
			return err
		}
	}
	return manifest.Write(folder, m)
}

// journal is the events file, and who else hears the events.
type journal struct {
	mu    sync.Mutex
	f     *os.File
	out   io.Writer
	dirty bool
	bytes int64
}

func openJournal(folder string, out io.Writer) (*journal, error) {
	f, err := os.OpenFile(filepath.Join(folder, manifest.EventsFile), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the events of a recording: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the events of a recording: %w", err), f.Close())
	}
	return &journal{f: f, out: out, bytes: info.Size()}, nil
}

func (j *journal) write(e manifest.Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding an event: %w", err)
	}
	line = append(line, '\n')
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dirty = true
	j.bytes += int64(len(line))
	_, _ = j.out.Write(line) // whoever listened may be gone
	if _, err := j.f.Write(line); err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	return nil
}

// size is how much was written, before this recorder, too.
func (j *journal) size() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes
}

func (j *journal) sync() error {
	j.mu.Lock()
	dirty := j.dirty
	j.dirty = false
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	if err := j.f.Sync(); err != nil {
		return fmt.Errorf("syncing the events of a recording: %w", err)
	}
	return nil
}

func (j *journal) close() { _ = j.f.Close() }
