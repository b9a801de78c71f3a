package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"medixchange/conference/manifest"
)

// joinTimeout bounds how long an SFU may take to let the recorder in.
const joinTimeout = 15 * time.Second

// session is the recorder in the room of one SFU.
type session struct {
	r      *Recorder
	server string
	room   *lksdk.Room

	mu      sync.Mutex
	clocks  map[string]*clock   // by the participant's identity
	people  map[string]person   // who is there
	tracks  map[string]*track   // by the SFU's id of the track
	pending map[string]struct{} // ids of tracks that were asked for
	ended   bool
}

// join enters the room. What happens there is told to r.
func (r *Recorder) join(ctx context.Context, server, url, token string) (*session, error) {
	s := &session{
		r: r, server: server, clocks: map[string]*clock{}, people: map[string]person{}, tracks: map[string]*track{}, pending: map[string]struct{}{},
	}
	callback := lksdk.NewRoomCallback()
	callback.OnParticipantConnected = s.joined
	callback.OnParticipantDisconnected = s.left
	callback.OnDisconnected = func() { s.close(); r.lost(s) }
	callback.OnReconnecting = func() {
		r.say(manifest.Event{Type: manifest.EventDisconnected, Server: server, Reason: "reconnecting"})
	}
	callback.OnReconnected = func() { r.say(manifest.Event{Type: manifest.EventConnected, Server: server}); s.look() }
	callback.OnTrackPublished = func(p *lksdk.RemoteTrackPublication, rp *lksdk.RemoteParticipant) { s.published(p, rp) }
	callback.OnTrackUnpublished = func(p *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) { s.endTrack(p.SID()) }
	callback.OnTrackSubscribed = s.subscribed
	callback.OnTrackUnsubscribed = func(_ *webrtc.TrackRemote, p *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
		s.endTrack(p.SID())
	}
	callback.OnTrackSubscriptionFailed = func(sid string, rp *lksdk.RemoteParticipant) {
		r.say(manifest.Event{Type: manifest.EventSkipped, UserID: s.person(rp).userID, Reason: "the SFU does not give the track"})
	}
	callback.OnTrackMuted = func(p lksdk.TrackPublication, _ lksdk.Participant) { s.muted(p.SID(), manifest.EventMuted) }
	callback.OnTrackUnmuted = func(p lksdk.TrackPublication, _ lksdk.Participant) { s.muted(p.SID(), manifest.EventUnmuted) }
	s.room = lksdk.NewRoom(callback)
	s.room.SetLogger(logger.GetDiscardLogger())
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	err := s.room.JoinWithContextAndToken(ctx, url, token,
		lksdk.WithAutoSubscribe(false), lksdk.WithDisableRegionDiscovery(), lksdk.WithLogger(logger.GetDiscardLogger()),
		lksdk.WithCodecs([]livekit.Codec{{Mime: webrtc.MimeTypeOpus}, {Mime: webrtc.MimeTypeVP8}}))
	if err != nil {
		return nil, fmt.Errorf("joining the room of the SFU: %w", err)
	}
	r.say(manifest.Event{Type: manifest.EventConnected, Server: server})
	s.look()
	return s, nil
}

// look takes note of who is there and asks for what may be recorded.
func (s *session) look() {
	for _, rp := range s.room.GetRemoteParticipants() {
		s.joined(rp)
		for _, p := range rp.TrackPublications() {
			if remote, ok := p.(*lksdk.RemoteTrackPublication); ok {
				s.published(remote, rp)
			}
		}
	}
}

// person says who a participant is. Where its token does not say so, the node is asked.
func (s *session) person(rp *lksdk.RemoteParticipant) person {
	if p := personOf(rp.Identity(), rp.Name(), rp.Metadata()); p.userID != "" || p.recorder {
		return p
	}
	return s.r.who(s.server, rp.Identity())
}

func (s *session) joined(rp *lksdk.RemoteParticipant) {
	p := s.person(rp)
	s.mu.Lock()
	before := s.people[rp.Identity()]
	known := before.userID != "" || p.userID == ""
	s.people[rp.Identity()] = p
	if s.clocks[rp.Identity()] == nil {
		s.clocks[rp.Identity()] = &clock{}
	}
	s.mu.Unlock()
	if !known && !p.recorder {
		s.r.say(manifest.Event{Type: manifest.EventJoined, UserID: p.userID, DeviceID: p.device, Name: p.name, Server: server(p.userID)})
	}
}

func (s *session) left(rp *lksdk.RemoteParticipant) {
	s.mu.Lock()
	p, known := s.people[rp.Identity()]
	delete(s.people, rp.Identity())
	delete(s.clocks, rp.Identity())
	s.mu.Unlock()
	if known && p.userID != "" && !p.recorder {
		s.r.say(manifest.Event{Type: manifest.EventLeft, UserID: p.userID, DeviceID: p.device})
	}
}

// inhabitants is how many are there who are not recorders.
func (s *session) inhabitants() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, p := range s.people {
		if !p.recorder {
			n++
		}
	}
	return n
}

// published asks for a track if its owner may be recorded. An SFU may bring only the users of its own hospital.
func (s *session) published(p *lksdk.RemoteTrackPublication, rp *lksdk.RemoteParticipant) {
	who := s.person(rp)
	if who.recorder || who.userID == "" {
		return
	}
	if reason := s.r.refuse(who, s.server); reason != "" {
		s.r.say(manifest.Event{Type: manifest.EventSkipped, UserID: who.userID, Kind: string(p.Kind()), Reason: reason})
		return
	}
	s.mu.Lock()
	_, asked := s.pending[p.SID()]
	s.pending[p.SID()] = struct{}{}
	s.mu.Unlock()
	if asked && p.IsSubscribed() {
		return
	}
	if err := p.SetSubscribed(true); err != nil {
		s.r.say(manifest.Event{Type: manifest.EventSkipped, UserID: who.userID, Kind: string(p.Kind()), Reason: "the SFU was not asked for the track"})
	}
}

func (s *session) subscribed(remote *webrtc.TrackRemote, p *lksdk.RemoteTrackPublication, rp *lksdk.RemoteParticipant) {
	who := s.person(rp)
	if s.r.refuse(who, s.server) != "" {
		_ = p.SetSubscribed(false)
		return
	}
	mime := remote.Codec().MimeType
	if kind := remote.Kind().String(); kind == "audio" && mime != webrtc.MimeTypeOpus || kind == "video" && mime != webrtc.MimeTypeVP8 {
		s.r.say(manifest.Event{Type: manifest.EventSkipped, UserID: who.userID, Kind: kind, Reason: "codec " + cut(mime)})
		return
	}
	s.joined(rp)
	s.mu.Lock()
	c := s.clocks[rp.Identity()]
	s.mu.Unlock()
	ssrc := uint32(remote.SSRC())
	t, err := s.r.newTrack(remote.Kind().String(), source(p), ssrc, who, c, func() { rp.WritePLI(remote.SSRC()) })
	if err != nil {
		s.r.say(manifest.Event{Type: manifest.EventSkipped, UserID: who.userID, Kind: remote.Kind().String(), Reason: err.Error()})
		_ = p.SetSubscribed(false)
		return
	}
	s.mu.Lock()
	s.tracks[p.SID()] = t
	s.mu.Unlock()
	p.OnRTCP(t.control)
	if p.IsMuted() {
		s.muted(p.SID(), manifest.EventMuted)
	}
	go s.read(remote, t, p.SID())
}

// read takes packets until the track ends.
func (s *session) read(remote *webrtc.TrackRemote, t *track, sid string) {
	for {
		packet, _, err := remote.ReadRTP()
		if err == nil {
			err = t.packet(packet, s.r.now())
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) && !t.isClosed() {
			s.r.trouble(fmt.Errorf("track %s: %w", t.id, err))
		}
		s.endTrack(sid)
		return
	}
}

func source(p *lksdk.RemoteTrackPublication) string {
	switch p.Source() {
	case livekit.TrackSource_CAMERA:
		return "camera"
	case livekit.TrackSource_SCREEN_SHARE:
		return "screen_share"
	case livekit.TrackSource_SCREEN_SHARE_AUDIO:
		return "screen_share_audio"
	case livekit.TrackSource_MICROPHONE:
		return "microphone"
	}
	if p.Kind() == lksdk.TrackKindVideo {
		return "camera"
	}
	return "microphone"
}

func (s *session) muted(sid, event string) {
	s.mu.Lock()
	t := s.tracks[sid]
	s.mu.Unlock()
	if t != nil {
		s.r.say(manifest.Event{Type: event, Track: t.id})
	}
}

func (s *session) endTrack(sid string) {
	s.mu.Lock()
	t := s.tracks[sid]
	delete(s.tracks, sid)
	delete(s.pending, sid)
	s.mu.Unlock()
	if t != nil {
		s.r.endTrack(t)
	}
}

// consent asks for the tracks of a user, or stops them.
func (s *session) consent(userID string, yes bool) {
	if yes {
		s.look()
		return
	}
	for _, rp := range s.room.GetRemoteParticipants() {
		if s.person(rp).userID != userID {
			continue
		}
		for _, p := range rp.TrackPublications() {
			if remote, ok := p.(*lksdk.RemoteTrackPublication); ok {
				_ = remote.SetSubscribed(false)
				s.endTrack(p.SID())
			}
		}
	}
}

// close ends the session's tracks and says that everybody left its room.
func (s *session) close() {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	tracks, people := s.tracks, s.people
	s.tracks, s.people = map[string]*track{}, map[string]person{}
	s.mu.Unlock()
	for _, t := range tracks {
		s.r.endTrack(t)
	}
	for _, p := range people {
		if !p.recorder && p.userID != "" {
			s.r.say(manifest.Event{Type: manifest.EventLeft, UserID: p.userID, DeviceID: p.device})
		}
	}
}
