package record

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"medixchange/conference/manifest"
)

// maxCommand bounds a line of the standard input.
const maxCommand = 64 << 10

// Reasons why a user's tracks are not recorded.
const (
	reasonNoConsent = "no consent"
	reasonUnknown   = "nobody knows whose track it is"
	reasonForeign   = "the user belongs to another hospital than the SFU"
	reasonTracks    = "more tracks than may be recorded"
)

// listen carries out commands until they end, and with them whoever gave them: the recording ends then, and can be gone on with.
func (r *Recorder) listen(ctx context.Context, commands io.Reader) {
	lines := bufio.NewScanner(commands)
	lines.Buffer(make([]byte, 0, 4096), maxCommand)
	for lines.Scan() {
		var c manifest.Command
		if json.Unmarshal(lines.Bytes(), &c) == nil {
			r.obey(ctx, c)
		}
	}
	r.mu.Lock()
	r.state = manifest.StateInterrupted
	r.mu.Unlock()
	r.finish("the node is gone")
}

func (r *Recorder) obey(ctx context.Context, c manifest.Command) {
	switch c.Type {
	case manifest.CommandStop:
		if c.Reason == "" {
			c.Reason = "stopped"
		}
		r.finish(c.Reason)
	case manifest.CommandPause, manifest.CommandResume:
		r.pause(c.Type == manifest.CommandPause)
	case manifest.CommandConsent:
		r.consent(c)
	case manifest.CommandChapter:
		r.say(manifest.Event{Type: manifest.EventChapter, Title: cut(c.Title)})
	case manifest.CommandWho:
		r.introduce(c)
	case manifest.CommandConnect:
		go r.connect(ctx, c.Server, c.URL, c.Token)
	}
}

func (r *Recorder) pause(on bool) {
	r.mu.Lock()
	was := r.paused
	r.paused = on
	for t := range r.tracks {
		t.pause(on)
	}
	r.mu.Unlock()
	if was == on {
		return
	}
	event := manifest.EventResumed
	if on {
		event = manifest.EventPaused
	}
	r.say(manifest.Event{Type: event})
}

func (r *Recorder) consent(c manifest.Command) {
	yes := c.Answer == "yes"
	r.mu.Lock()
	r.allowed[c.UserID] = yes
	sessions := make([]*session, 0, len(r.sessions))
	for _, s := range r.sessions {
		sessions = append(sessions, s)
	}
	r.mu.Unlock()
	r.say(manifest.Event{Type: manifest.EventConsent, UserID: c.UserID, Answer: c.Answer, TS: c.TS})
	for _, s := range sessions {
		s.consent(c.UserID, yes)
	}
}

// maxStrangers bounds the identities that the node is asked about.
const maxStrangers = 10_000

// who returns the owner of an identity, as the node said. It asks the node the first time, and nobody is recorded before the answer.
func (r *Recorder) who(server, identity string) person {
	key := [2]string{server, identity}
	r.mu.Lock()
	p, asked := r.strangers[key]
	if !asked && len(r.strangers) < maxStrangers {
		r.strangers[key] = person{}
	}
	r.mu.Unlock()
	if !asked {
		r.say(manifest.Event{Type: manifest.EventWho, Server: server, Name: identity})
	}
	return p
}

// introduce takes the node's answer.
func (r *Recorder) introduce(c manifest.Command) {
	r.mu.Lock()
	r.strangers[[2]string{c.Server, c.Identity}] = person{userID: cut(c.UserID), device: cut(c.DeviceID), name: cut(c.Name), recorder: c.UserID == ""}
	s := r.sessions[c.Server]
	r.mu.Unlock()
	if s != nil {
		s.look()
	}
}

// refuse says why a participant of a hospital's SFU is not recorded, "" if they are.
func (r *Recorder) refuse(who person, sfu string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case who.userID == "":
		return reasonUnknown
	case sfu != "" && server(who.userID) != sfu:
		return reasonForeign
	}
	yes, answered := r.allowed[who.userID]
	if answered && !yes || !answered && r.job.Consent == manifest.ConsentExplicit {
		return reasonNoConsent
	}
	return ""
}

// connect joins the room of an SFU, in place of the session that was there before. If that fails the node hears it, and may ask again.
func (r *Recorder) connect(ctx context.Context, server, url, token string) {
	r.mu.Lock()
	before := r.sessions[server]
	r.mu.Unlock()
	if before != nil {
		before.close()
		before.room.Disconnect()
	}
	err := r.mayConnect(server, url)
	var s *session
	if err == nil {
		s, err = r.join(ctx, server, url, token)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "record: %v\n", err)
		r.say(manifest.Event{Type: manifest.EventDisconnected, Server: server, Reason: "the SFU does not let the recorder in"})
		return
	}
	r.mu.Lock()
	late := r.sessions == nil
	if !late {
		r.sessions[server] = s
	}
	r.mu.Unlock()
	if late {
		s.close()
		s.room.Disconnect()
		return
	}
	s.look() // who was allowed meanwhile
}

// mayConnect refuses the SFU of another hospital that is none, or that hides behind ours.
func (r *Recorder) mayConnect(server, url string) error {
	if server == r.job.Server {
		return r.guard.trust(url)
	}
	return r.guard.check(url)
}

// lost is told that an SFU is gone.
func (r *Recorder) lost(s *session) {
	r.mu.Lock()
	current := r.sessions[s.server] == s
	if current {
		delete(r.sessions, s.server)
	}
	r.mu.Unlock()
	if current {
		r.say(manifest.Event{Type: manifest.EventDisconnected, Server: s.server, Reason: "the SFU is gone"})
	}
}

func (r *Recorder) newTrack(kind, source string, ssrc uint32, who person, c *clock, askKey func()) (*track, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions == nil || r.job.Limits.Tracks > 0 && r.numbers >= r.job.Limits.Tracks {
		return nil, errors.New(reasonTracks)
	}
	r.numbers++
	t := newTrack(&track{
		id: fmt.Sprintf("%c%d", kind[0], r.numbers), kind: kind, source: source, ssrc: ssrc, userID: who.userID, device: who.device, say: r.say, now: r.now,
		askKey: askKey, folder: r.job.Folder, stereo: source == "screen_share_audio", paused: r.paused,
	}, c)
	if r.job.Speech && source == "microphone" {
		t.speech = &speech{folder: filepath.Join(r.job.Folder, manifest.SpeechFolder)}
	}
	r.tracks[t] = struct{}{}
	return t, nil
}

func (r *Recorder) endTrack(t *track) {
	if err := t.end(); err != nil {
		r.trouble(fmt.Errorf("ending track %s: %w", t.id, err))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.tracks[t]; ok {
		delete(r.tracks, t)
		r.ended += t.written
	}
}
