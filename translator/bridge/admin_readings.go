package bridge

import (
	"context"
	"net/http"

	"medixchange/internal/web"
	"medixchange/rooms"
)

// PathReadings is where administrators ask what each reader was shown of a message; GET with ?event_id=.
const PathReadings = "/translate/readings"

// Reading is what one reader was given in translation.
type Reading struct {
	UserID     string   `json:"user_id"`
	FirstTS    int64    `json:"first_ts"`   // ms
	Late       bool     `json:"late"`       // as an edit, after the original
	Mode       string   `json:"mode"`       // one of view.Modes; "push" for whom only their phone was told
	PushedTS   int64    `json:"pushed_ts"`  // ms, when a push gateway took it for their phone; 0: none did
	VersionID  string   `json:"version_id"` // the message, or an edit of it
	From       string   `json:"from"`
	To         string   `json:"to"`
	Engine     string   `json:"engine"`
	Glossary   int64    `json:"glossary"` // version; 0: none
	State      string   `json:"state"`
	Verdict    string   `json:"verdict"`
	Reasons    []string `json:"reasons"`
	Text       string   `json:"text,omitempty"`       // "" when it was erased, or is not kept
	Unreadable bool     `json:"unreadable,omitempty"` // it is sealed with a key that the node has not

	rendering int64
}

// Version is one version of a message, as its author wrote it.
type Version struct {
	EventID  string `json:"event_id"`
	TS       int64  `json:"ts"` // ms
	Redacted bool   `json:"redacted"`
	Body     string `json:"body,omitempty"`
}

// Readings says what each reader was given of a message. Whoever is not in it was given at most the original.
type Readings struct {
	EventID  string    `json:"event_id"`
	RoomID   string    `json:"room_id"`
	Sender   string    `json:"sender"`
	Versions []Version `json:"versions"` // those that stand in the log, and the first
	Readings []Reading `json:"readings"`
	Gaps     []Gap     `json:"gaps"` // since the message, times of which readings may be missing
}

func (b *Bridge) showReadings(_ http.ResponseWriter, r *http.Request) (any, error) {
	id := r.URL.Query().Get("event_id")
	if id == "" {
		return nil, web.MissingParam("Name the message: event_id is missing.")
	}
	found, err := b.o.Rooms.EventsByID(r.Context(), []string{id})
	if err != nil {
		return nil, err
	}
	if found[id] == nil {
		return nil, web.NotFound("There is no event %s here.", id)
	}
	message, err := b.messageOf(r.Context(), found[id])
	if err != nil {
		return nil, err
	}
	if err := b.writeReadings(r.Context()); err != nil {
		return nil, err
	}
	answer := Readings{EventID: message.ID, RoomID: message.RoomID, Sender: message.Sender}
	if answer.Readings, err = b.readingsOf(r.Context(), message); err != nil {
		return nil, err
	}
	if answer.Versions, err = b.versionsRead(r.Context(), message, answer.Readings); err != nil {
		return nil, err
	}
	answer.Gaps, err = b.selectGaps(r.Context(), message.OriginServerTS)
	b.o.Log.WithField("event", message.ID).Info("an administrator read the reading log of a message")
	return answer, err
}

// readingsOf returns what the log has of a message, oldest first.
func (b *Bridge) readingsOf(ctx context.Context, message *rooms.Event) ([]Reading, error) {
	readings, err := b.selectReadings(ctx, message.NID)
	if err != nil {
		return nil, err
	}
	putOff, err := b.putOffReadings(ctx, message)
	if err != nil {
		return nil, err
	}
	return mergeReadings(append(putOff, readings...)), nil
}

func (b *Bridge) versionsRead(ctx context.Context, message *rooms.Event, readings []Reading) ([]Version, error) {
	ids := []string{message.ID}
	seen := map[string]bool{message.ID: true}
	for _, r := range readings {
		if !seen[r.VersionID] {
			seen[r.VersionID] = true
			ids = append(ids, r.VersionID)
		}
	}
	found, err := b.o.Rooms.EventsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	redacted, err := b.o.Rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, err
	}
	var versions []Version
	for _, id := range ids {
		ev := found[id]
		if ev == nil {
			continue
		}
		v := Version{EventID: id, TS: ev.OriginServerTS, Redacted: redacted[id] != nil || redacted[message.ID] != nil}
		if !v.Redacted {
			v.Body = versionOf(ev).Get("body").Str
			if w, ok := b.wordsOf(ev); ok {
				v.Body = w.text
			}
		}
		versions = append(versions, v)
	}
	return versions, nil
}
