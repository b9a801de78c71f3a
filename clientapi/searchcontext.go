package clientapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"medixchange/clientapi/sync"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// around bounds a number of events around a result.
func around(wanted *int) int {
	if wanted == nil {
		return defaultAround
	}
	return min(max(*wanted, 0), maxAround)
}

// context returns what came before and after a result, as far as it is here and the reader may see it.
func (s *searching) context(ctx context.Context, ev *rooms.Event) (map[string]any, error) {
	rd, err := s.a.read(ctx, s.device, ev.RoomID)
	if err != nil {
		return nil, err
	}
	before, after := around(s.want.Context.Before), around(s.want.Context.After)
	start := rooms.HistoryKey{Anchor: ev.Key.Anchor, Sub: ev.Key.Sub - 1}
	earlier, later := &rooms.Page{Next: start}, &rooms.Page{Next: ev.Key}
	everything := &sync.EventFilter{}
	if before > 0 {
		if earlier, err = s.a.filteredPage(ctx, rd, pageQuery{from: start, to: beginning, dir: rooms.Backward, limit: before, filter: everything, here: true}); err != nil {
			return nil, err
		}
	}
	if after > 0 {
		if later, err = s.a.filteredPage(ctx, rd, pageQuery{from: ev.Key, to: end, limit: after, filter: everything, here: true}); err != nil {
			return nil, err
		}
	}
	all := append(append([]*rooms.Event{}, earlier.Events...), later.Events...)
	shown, err := s.a.View.Show(ctx, rd.viewer, all, view.ShowOptions{Bundle: true, Budget: s.budget})
	if err != nil {
		return nil, err
	}
	n := len(earlier.Events)
	out := map[string]any{
		"events_before": shown[:n:n], "events_after": shown[n:],
		"start": sync.HistoryToken(earlier.Next), "end": sync.HistoryToken(later.Next),
	}
	if s.want.Context.Profile {
		out["profile_info"], err = s.a.profilesAt(ctx, ev, append(all, ev))
	}
	return out, err
}

// profilesAt returns how the senders of events were called at an event.
func (a *API) profilesAt(ctx context.Context, at *rooms.Event, events []*rooms.Event) (map[string]any, error) {
	profiles := map[string]any{}
	state, err := a.Rooms.StateAfter(ctx, at)
	if errors.Is(err, rooms.ErrNotFound) {
		return profiles, nil // the state at some fetched events is not known
	}
	if err != nil {
		return nil, err
	}
	for _, sender := range sendersOf(events) {
		member, err := a.Rooms.StateEntryAt(ctx, state, "m.room.member", sender)
		if errors.Is(err, rooms.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		profiles[sender] = profileOf(member)
	}
	return profiles, nil
}

func profileOf(member *rooms.Event) map[string]string {
	profile := map[string]string{}
	for _, key := range []string{"displayname", "avatar_url"} {
		if value := member.Content().Get(key); value.Type == gjson.String {
			profile[key] = value.Str
		}
	}
	return profile
}

// textsIn returns the texts that an event may have been found by: what the reader is shown, what was written, and the
// newest edit.
func textsIn(ev *rooms.Event, shown json.RawMessage) []string {
	texts := make([]string, 0, 4)
	for _, path := range []string{"content.body", "content.name", "content.topic", `unsigned.m\.relations.m\.replace.content.m\.new_content.body`} {
		if text := gjson.GetBytes(shown, path).Str; text != "" {
			texts = append(texts, text)
		}
	}
	return append(texts, ev.Content().Get("body").Str)
}

// searchToken is a next_batch: where a search goes on. It holds nothing that a reader may not know or ask for.
type searchToken struct {
	Offset int    `json:"o"`
	Upto   int64  `json:"u"`           // the newest event that the first page could find
	Now    int64  `json:"n"`           // ms; the time of the first page, by which messages age
	Key    string `json:"k,omitempty"` // of a group: groupRoom or groupSender
	Value  string `json:"v,omitempty"`
}

// maxSearchToken bounds a token: ids have 255 bytes.
const maxSearchToken = 1024

func (t searchToken) String() string {
	encoded, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Errorf("encoding a token: %w", err)) // numbers and texts always can be
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

var errSearchToken = errors.New("not a token of a search")

func parseSearchToken(text string) (searchToken, error) {
	var t searchToken
	if len(text) > maxSearchToken {
		return t, errSearchToken
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return t, errSearchToken
	}
	if err := json.Unmarshal(decoded, &t); err != nil {
		return searchToken{}, errSearchToken
	}
	grouped := t.Key == groupRoom || t.Key == groupSender
	if t.Offset < 0 || t.Upto < 0 || t.Now < 0 || t.Key != "" && !grouped || t.Key == "" && t.Value != "" {
		return searchToken{}, errSearchToken
	}
	return t, nil
}
