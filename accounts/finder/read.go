package finder

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"medixchange/rooms"
)

// textTypes are the events that are found by their words.
var textTypes = []string{typeMessage, typeName, typeTopic}

const (
	typeMessage = "m.room.message"
	typeName    = "m.room.name"
	typeTopic   = "m.room.topic"
	relReplace  = "m.replace"
)

// maxRead bounds what one look at the stream returns of a kind; a step of the stream has fewer positions.
const maxRead = 10_000

// touched are messages by the nid of their first version, and whether a translation of theirs is to be looked at.
type touched map[int64]bool

// read is called with each step of the stream.
func (f *Finder) read(ctx context.Context, from, upto int64) error {
	if upto-from < enough {
		f.gatherMore(ctx)
	}
	found := touched{}
	if err := f.touchEvents(ctx, found, from, upto); err != nil {
		return err
	}
	if err := f.touchRedacted(ctx, found, from, upto); err != nil {
		return err
	}
	translated, err := f.o.Translations.TranslatedIn(ctx, from, upto)
	if err != nil {
		return fmt.Errorf("reading what was translated: %w", err)
	}
	for _, nid := range translated {
		found[nid] = true
	}
	if err := f.refresh(ctx, found); err != nil {
		return err
	}
	f.reached(upto)
	return nil
}

// gatherMore waits for more news, unless somebody waits for these.
func (f *Finder) gatherMore(ctx context.Context) {
	timer := time.NewTimer(gather)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.hurry:
	case <-ctx.Done():
	}
}

func (f *Finder) touchEvents(ctx context.Context, found touched, from, upto int64) error {
	for _, typ := range textTypes {
		events, err := f.o.Rooms.EventsSince(ctx, from, upto, typ, maxRead)
		if err != nil {
			return fmt.Errorf("reading messages: %w", err)
		}
		if err := f.touch(ctx, found, events); err != nil {
			return err
		}
	}
	return nil
}

// touch notes events, and what they are edits of.
func (f *Finder) touch(ctx context.Context, found touched, events []*rooms.Event) error {
	var edited []string
	for _, ev := range events {
		if _, known := found[ev.NID]; !known {
			found[ev.NID] = false
		}
		if ev.Relation.Type == relReplace {
			edited = append(edited, ev.Relation.EventID)
		}
	}
	return f.touchIDs(ctx, found, edited)
}

func (f *Finder) touchIDs(ctx context.Context, found touched, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	events, err := f.o.Rooms.EventsByID(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading changed messages: %w", err)
	}
	for _, ev := range events {
		found[ev.NID] = true
	}
	return nil
}

// touchRedacted notes what was redacted, and what lost an edit by that.
func (f *Finder) touchRedacted(ctx context.Context, found touched, from, upto int64) error {
	redactions, err := f.o.Rooms.RedactionsSince(ctx, from, upto, maxRead)
	if err != nil {
		return fmt.Errorf("reading redactions: %w", err)
	}
	ids := make([]string, 0, len(redactions))
	for _, r := range redactions {
		ids = append(ids, r.TargetID)
	}
	if len(ids) == 0 {
		return nil
	}
	events, err := f.o.Rooms.EventsByID(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading redacted messages: %w", err)
	}
	if err := f.touch(ctx, found, slices.Collect(maps.Values(events))); err != nil {
		return err
	}
	return f.touchIDs(ctx, found, ids)
}
