package sfu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	apiTimeout = 10 * time.Second
	maxAnswer  = 8 << 20
	adminTTL   = time.Minute

	emptyTimeout     = 300 // seconds that a room waits for its first participant
	departureTimeout = 20  // seconds that it stays after the last one
)

// ErrNotThere says that the SFU knows no such room, participant or track.
var ErrNotThere = errors.New("the SFU knows no such room or participant")

// Participant is somebody in a room of the SFU.
type Participant struct {
	SID, Identity, Name, Metadata string
	JoinedTS                      int64 // ms
	Publish                       bool  // may publish
	Sources                       []string
	Hidden, Recorder              bool
	Tracks                        []Track
}

// Track is something that a participant publishes.
type Track struct {
	SID           string
	Kind          string // audio, video
	Source        string // as Grant.Sources
	Muted         bool
	Width, Height int
	PublishedTS   int64 // ms; 0 where the SFU does not say, and in reports
}

// apiError is how Twirp refuses.
type apiError struct {
	Code string `json:"code"`
	Msg  string `json:"msg"`
}

// call asks LiveKit's RoomService (Twirp, JSON).
func (s *SFU) call(ctx context.Context, method string, may video, in, out any) error {
	base, err := s.apiBase()
	if err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("asking the SFU for %s: %w", method, err)
	}
	token, err := s.sign(claims{Claims: jwt.Claims{Subject: "medix"}, Video: &may}, adminTTL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/twirp/livekit.RoomService/"+method, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the SFU for %s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.api.Do(req)
	if err != nil {
		return fmt.Errorf("asking the SFU for %s: %w: %w", method, ErrUnavailable, err)
	}
	defer func() { _ = resp.Body.Close() }()
	decoder := json.NewDecoder(resp.Body)
	if resp.StatusCode != http.StatusOK {
		var refused apiError
		_ = decoder.Decode(&refused)
		if refused.Code == "not_found" {
			return fmt.Errorf("asking the SFU for %s: %w", method, ErrNotThere)
		}
		return fmt.Errorf("asking the SFU for %s: it answered %d %s: %s", method, resp.StatusCode, refused.Code, refused.Msg)
	}
	if out == nil {
		return nil
	}
	if err := decoder.Decode(out); err != nil {
		return fmt.Errorf("reading the SFU's answer to %s: %w", method, err)
	}
	return nil
}

func (s *SFU) apiBase() (string, error) {
	if !s.embedded {
		return "http" + strings.TrimPrefix(strings.TrimRight(s.url, "/"), "ws"), nil
	}
	port := s.child.port()
	if port == 0 {
		return "", fmt.Errorf("%w: it does not run", ErrUnavailable)
	}
	return "http://127.0.0.1:" + strconv.Itoa(port), nil
}

// EnsureRoom starts the SFU if need be and makes a room unless it is there.
func (s *SFU) EnsureRoom(ctx context.Context, room string) error {
	if err := s.Ready(ctx); err != nil {
		return err
	}
	return s.call(ctx, "CreateRoom", video{RoomCreate: true}, map[string]any{
		"name": room, "empty_timeout": emptyTimeout, "departure_timeout": departureTimeout, "max_participants": s.o.Config.MaxParticipants,
	}, nil)
}

// answer of ListParticipants, by the names of LiveKit's protocol.
type participantInfo struct {
	SID        string `json:"sid"`
	Identity   string `json:"identity"`
	State      string `json:"state"`
	Name       string `json:"name"`
	Metadata   string `json:"metadata"`
	JoinedAt   string `json:"joined_at"` // seconds
	JoinedAtMS string `json:"joined_at_ms"`
	Permission struct {
		Publish  bool     `json:"can_publish"`
		Sources  []string `json:"can_publish_sources"`
		Hidden   bool     `json:"hidden"`
		Recorder bool     `json:"recorder"`
	} `json:"permission"`
	Tracks []struct {
		SID    string `json:"sid"`
		Type   string `json:"type"`
		Source string `json:"source"`
		Muted  bool   `json:"muted"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
		// Version is given when a track is published, and stays.
		Version struct {
			UnixMicro string `json:"unix_micro"`
		} `json:"version"`
	} `json:"tracks"`
}

func (i *participantInfo) participant() Participant {
	p := Participant{
		SID: i.SID, Identity: i.Identity, Name: i.Name, Metadata: i.Metadata, Publish: i.Permission.Publish,
		Hidden: i.Permission.Hidden, Recorder: i.Permission.Recorder,
	}
	if p.JoinedTS, _ = strconv.ParseInt(i.JoinedAtMS, 10, 64); p.JoinedTS == 0 { // while it joins, or an older LiveKit
		seconds, _ := strconv.ParseInt(i.JoinedAt, 10, 64)
		p.JoinedTS = 1000 * seconds
	}
	for _, source := range i.Permission.Sources {
		p.Sources = append(p.Sources, strings.ToLower(source))
	}
	for _, t := range i.Tracks {
		published, _ := strconv.ParseInt(t.Version.UnixMicro, 10, 64)
		p.Tracks = append(p.Tracks, Track{
			SID: t.SID, Kind: strings.ToLower(t.Type), Source: strings.ToLower(t.Source), Muted: t.Muted, Width: t.Width, Height: t.Height,
			PublishedTS: published / 1000,
		})
	}
	return p
}

// Participants lists who is in a room: nobody if there is no such room, or the SFU does not run.
func (s *SFU) Participants(ctx context.Context, room string) ([]Participant, error) {
	if !s.Running() {
		return nil, nil
	}
	var answer struct {
		Participants []participantInfo `json:"participants"`
	}
	err := s.call(ctx, "ListParticipants", video{RoomAdmin: true, Room: room}, map[string]any{"room": room}, &answer)
	if errors.Is(err, ErrNotThere) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]Participant, 0, len(answer.Participants))
	for i := range answer.Participants {
		if answer.Participants[i].State != "DISCONNECTED" {
			out = append(out, answer.Participants[i].participant())
		}
	}
	return out, nil
}

// Remove ends somebody's connection with all that they send and get. Nothing happens to those who are not there.
func (s *SFU) Remove(ctx context.Context, room, identity string) error {
	if !s.Running() {
		return nil
	}
	err := s.call(ctx, "RemoveParticipant", video{RoomAdmin: true, Room: room}, map[string]any{"room": room, "identity": identity}, nil)
	if errors.Is(err, ErrNotThere) {
		return nil
	}
	return err
}

// Mute silences a track. The SFU lets nobody else unmute it than who publishes it.
func (s *SFU) Mute(ctx context.Context, room, identity, trackSID string, muted bool) error {
	return s.call(ctx, "MutePublishedTrack", video{RoomAdmin: true, Room: room},
		map[string]any{"room": room, "identity": identity, "track_sid": trackSID, "muted": muted}, nil)
}

// Permit changes what somebody may publish from now on; what they may not publish any more ends.
func (s *SFU) Permit(ctx context.Context, room, identity string, publish bool, sources []string) error {
	upper := make([]string, 0, len(sources))
	for _, source := range sources {
		upper = append(upper, strings.ToUpper(source))
	}
	return s.call(ctx, "UpdateParticipant", video{RoomAdmin: true, Room: room}, map[string]any{
		"room": room, "identity": identity, "permission": map[string]any{
			"can_subscribe": true, "can_publish": publish, "can_publish_data": publish, "can_publish_sources": upper,
		},
	}, nil)
}

// UpdateRoom replaces what all participants of a room are told of it.
func (s *SFU) UpdateRoom(ctx context.Context, room, metadata string) error {
	return s.call(ctx, "UpdateRoomMetadata", video{RoomAdmin: true, Room: room}, map[string]any{"room": room, "metadata": metadata}, nil)
}
