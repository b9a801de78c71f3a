package finder

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"medixchange/internal/search"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	// MaxFound bounds what one search finds, over all of its pages.
	MaxFound = 500
	// MaxRooms bounds the rooms that one search looks through; those with the newest membership count.
	MaxRooms = 5000
	// patience is how long a search waits for what is not indexed yet.
	patience = time.Second
	// worthWaiting is how many positions can be indexed meanwhile.
	worthWaiting = 2000
	// budget bounds the look-up itself.
	budget = 2 * time.Second
	// halfLife makes what was said this long ago count less than what is said today.
	halfLife = 30 * 24 * time.Hour
)

// Request is a search of one user.
type Request struct {
	Words string
	// Types are the events to look for: m.room.message, m.room.name, m.room.topic; none for all of them.
	Types []string
	// Newest orders by time instead of by score.
	Newest bool
	// WantsRoom says which of the user's rooms to look in; nil for all.
	WantsRoom func(roomID string) bool
	// Wants says which events count; nil for all.
	Wants func(ev *rooms.Event) bool
	// Upto is that of an earlier result, for a later page; 0 for the first.
	Upto int64
	// Now is the time by which messages age: that of the first page, so that the order stays.
	Now time.Time
}

// Found is what a search found, all that the user may see, in order.
type Found struct {
	Hits []Hit
	// Upto is for the requests of later pages.
	Upto int64
	// Partial says that there may be more.
	Partial bool
	// Matched marks texts.
	Matched *search.Matched
}

// Hit is an event that was found.
type Hit struct {
	Event *rooms.Event
	Score float64
}

// Search finds events by the words that were written and by those of the translations that the viewer reads, in all
// rooms that they are in, or were in and have not forgotten.
func (f *Finder) Search(ctx context.Context, viewer view.Viewer, r Request) (*Found, error) {
	select {
	case f.turns <- struct{}{}:
		defer func() { <-f.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	began := time.Now()
	found, err := f.search(ctx, viewer, r)
	f.metrics.seconds.Observe(time.Since(began).Seconds())
	switch {
	case err != nil:
		f.metrics.searches.WithLabelValues("failed").Inc()
	case found.Partial:
		f.metrics.searches.WithLabelValues("partial").Inc()
	default:
		f.metrics.searches.WithLabelValues("whole").Inc()
	}
	return found, err
}

func (f *Finder) search(ctx context.Context, viewer view.Viewer, r Request) (*Found, error) {
	late := f.awaitNews(ctx)
	sources, err := f.sourcesOf(ctx, viewer.UserID, r.WantsRoom)
	if err != nil {
		return nil, err
	}
	if r.Upto == 0 {
		if r.Upto, err = f.last(ctx); err != nil {
			return nil, err
		}
	}
	result, err := f.o.Engine.Search(ctx, search.Query{
		Text: r.Words, In: sources, Limit: MaxFound, Upto: r.Upto, Newest: r.Newest, HalfLife: halfLife, Now: r.Now, Budget: budget,
	})
	if err != nil {
		return nil, err
	}
	out := &Found{Upto: r.Upto, Partial: late || f.dropped.Load() || result.Partial || result.Total > MaxFound, Matched: result.Matched}
	out.Hits, err = f.permitted(ctx, viewer, r, result.Hits)
	return out, err
}

// awaitNews waits until what is there now is indexed, unless that is much: then old messages are being indexed. It reports
// whether something is missing.
func (f *Finder) awaitNews(ctx context.Context) (late bool) {
	if f.behind() > worthWaiting {
		return true
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return f.CatchUp(waiting, f.o.Hub.Position()) != nil
}

// last is the highest number in the index; it never goes back but when the index is built again.
func (f *Finder) last(ctx context.Context) (int64, error) {
	states, err := f.o.Engine.States(ctx, indexName)
	if err != nil {
		return 0, err
	}
	last := int64(0)
	for _, s := range states {
		last = max(last, s.Last)
	}
	return last, nil
}

// sourcesOf returns the indexes that a user searches: what was written in all their rooms, and the translations of each
// language in those rooms in which they read it.
func (f *Finder) sourcesOf(ctx context.Context, userID string, wants func(string) bool) ([]search.Source, error) {
	mine, err := f.roomsOf(ctx, userID, wants)
	if err != nil {
		return nil, err
	}
	all := make(map[int64]bool, len(mine))
	read := map[string]map[int64]bool{}
	for _, m := range mine {
		all[m.RoomNID] = true
		tag, mode, err := f.o.Accounts.RoomLanguage(ctx, userID, m.RoomID)
		if err != nil {
			return nil, fmt.Errorf("reading the language of a room: %w", err)
		}
		language := f.o.Translations.LanguageOf(tag)
		if language == "" || mode == view.ModeOff {
			continue
		}
		if read[language] == nil {
			read[language] = map[int64]bool{}
		}
		read[language][m.RoomNID] = true
	}
	sources := []search.Source{{Index: indexName, Scopes: func(nid int64) bool { return all[nid] }}}
	for language, in := range read {
		sources = append(sources, search.Source{Index: translationIndex(language), Scopes: func(nid int64) bool { return in[nid] }})
	}
	slices.SortFunc(sources[1:], func(a, b search.Source) int { return strings.Compare(a.Index, b.Index) })
	return sources, nil
}

// roomsOf returns the rooms that a user may search: those they are in, and those they were in and have not forgotten.
func (f *Finder) roomsOf(ctx context.Context, userID string, wants func(string) bool) ([]rooms.UserRoom, error) {
	all, err := f.o.Rooms.UserRooms(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("reading the rooms of a user: %w", err)
	}
	mine := slices.DeleteFunc(slices.Clone(all), func(m rooms.UserRoom) bool {
		readable := m.Membership == "join" || (m.Membership == "leave" || m.Membership == "ban") && !m.Forgotten
		return !readable || wants != nil && !wants(m.RoomID)
	})
	if len(mine) <= MaxRooms {
		return mine, nil
	}
	slices.SortFunc(mine, func(a, b rooms.UserRoom) int { return int(b.Position - a.Position) })
	return mine[:MaxRooms], nil
}

// permitted leaves the hits that the viewer may see and asked for, in their order.
func (f *Finder) permitted(ctx context.Context, viewer view.Viewer, r Request, hits []search.Hit) ([]Hit, error) {
	nids := make([]int64, len(hits))
	for i, h := range hits {
		nids[i] = h.ID
	}
	events, err := f.o.Rooms.Events(ctx, nids)
	if err != nil {
		return nil, fmt.Errorf("reading what was found: %w", err)
	}
	byRoom := map[string][]*rooms.Event{}
	ids := make([]string, 0, len(events))
	for _, h := range hits {
		ev := events[h.ID]
		if ev == nil || !wanted(r, ev) || h.Source > 0 && ev.Sender == viewer.UserID { // senders read their own words
			continue
		}
		byRoom[ev.RoomID] = append(byRoom[ev.RoomID], ev)
		ids = append(ids, ev.ID)
	}
	redacted, err := f.o.Rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("looking for redactions: %w", err)
	}
	seen, err := f.seen(ctx, viewer, byRoom, redacted)
	if err != nil {
		return nil, err
	}
	var kept []Hit
	for _, h := range hits {
		if ev := events[h.ID]; seen[h.ID] {
			kept = append(kept, Hit{ev, h.Score})
		}
	}
	return kept, nil
}

func wanted(r Request, ev *rooms.Event) bool {
	return (len(r.Types) == 0 || slices.Contains(r.Types, ev.Type)) && (r.Wants == nil || r.Wants(ev))
}

// seen returns the nids of the events that the viewer may see.
func (f *Finder) seen(ctx context.Context, viewer view.Viewer, byRoom map[string][]*rooms.Event, redacted map[string]*rooms.Event) (map[int64]bool, error) {
	seen := map[int64]bool{}
	for roomID, events := range byRoom {
		events = slices.DeleteFunc(events, func(ev *rooms.Event) bool { return redacted[ev.ID] != nil })
		slices.SortFunc(events, func(a, b *rooms.Event) int {
			if a.Key.Less(b.Key) {
				return -1
			}
			return 1
		})
		shown, err := f.o.View.Visible(ctx, viewer, roomID, events)
		if err != nil {
			return nil, fmt.Errorf("asking what may be seen: %w", err)
		}
		for _, ev := range shown {
			seen[ev.NID] = true
		}
	}
	return seen, nil
}
