package sfu

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	maxWebhook  = 1 << 20
	maxQueued   = 4096
	maxReported = 4096
)

// What the SFU reports, as WebhookEvent.Event has it.
const (
	RoomStarted       = "room_started"
	RoomFinished      = "room_finished"
	ParticipantJoined = "participant_joined"
	ParticipantLeft   = "participant_left"
	TrackPublished    = "track_published"
	TrackUnpublished  = "track_unpublished"
	// Aborted is a participant who was let in and never came.
	Aborted = "participant_connection_aborted"
)

// WebhookEvent is something that the SFU reports. They may be lost or come late: whoever must be right looks at
// [SFU.Participants] too.
type WebhookEvent struct {
	Event    string
	ID       string
	Room     string
	Identity string
	Track    *Track // of TrackPublished and TrackUnpublished
}

// events hands reports on, in order.
type events struct {
	queue    chan WebhookEvent
	reported *lru.Cache[string, struct{}]

	mu   sync.RWMutex
	subs []func(WebhookEvent)
}

func newEvents() *events {
	reported, err := lru.New[string, struct{}](maxReported)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &events{queue: make(chan WebhookEvent, maxQueued), reported: reported}
}

// Subscribe has fn told of everything that the SFU reports, one at a time and in order; it should not block for long.
func (s *SFU) Subscribe(fn func(WebhookEvent)) {
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	s.events.subs = append(s.events.subs, fn)
}

func (e *events) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-e.queue:
			e.mu.RLock()
			subs := e.subs
			e.mu.RUnlock()
			for _, fn := range subs {
				fn(event)
			}
		}
	}
}

// Webhooks answers the SFU that reports. What is not signed with our key is refused and logged.
func (s *SFU) Webhooks() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		event, err := s.report(r)
		if err != nil {
			s.metrics.badWebhooks.Inc()
			s.o.Log.WithError(err).WithField("from", r.RemoteAddr).Warn("a report in the name of the SFU was refused")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if event.ID != "" {
			if known, _ := s.events.reported.ContainsOrAdd(event.ID, struct{}{}); known {
				return // sent again, since our answer was lost
			}
		}
		select {
		case s.events.queue <- *event:
		default:
			s.events.reported.Remove(event.ID)
			w.WriteHeader(http.StatusServiceUnavailable) // it tries again
		}
	})
}

func (s *SFU) report(r *http.Request) (*WebhookEvent, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxWebhook))
	if err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	c, err := s.verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if subtle.ConstantTimeCompare([]byte(c.SHA256), []byte(base64.StdEncoding.EncodeToString(sum[:]))) != 1 {
		return nil, errors.New("the report is not the one that was signed")
	}
	return parseReport(body)
}

// parseReport reads a WebhookEvent of LiveKit's protocol.
func parseReport(body []byte) (*WebhookEvent, error) {
	var raw struct {
		Event string `json:"event"`
		ID    string `json:"id"`
		Room  struct {
			Name string `json:"name"`
		} `json:"room"`
		Participant struct {
			Identity string `json:"identity"`
		} `json:"participant"`
		Track *struct {
			SID    string `json:"sid"`
			Type   string `json:"type"`
			Source string `json:"source"`
			Width  int    `json:"width"`
			Height int    `json:"height"`
		} `json:"track"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	event := &WebhookEvent{Event: raw.Event, ID: raw.ID, Room: raw.Room.Name, Identity: raw.Participant.Identity}
	if t := raw.Track; t != nil {
		event.Track = &Track{SID: t.SID, Kind: kindOf(t.Type), Source: strings.ToLower(t.Source), Width: t.Width, Height: t.Height}
	}
	return event, nil
}

// kindOf is the kind of a track; audio is what the protocol leaves out.
func kindOf(typ string) string {
	if typ == "" {
		return "audio"
	}
	return strings.ToLower(typ)
}
