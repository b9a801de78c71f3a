package finder

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
)

const (
	// historyEvery is how often it is looked for events that were fetched, and tidyEvery for translations that are gone.
	historyEvery = 20 * time.Second
	tidyEvery    = 10 * time.Minute
	// quietEvery is how often it is looked while nothing else happens: an idle node reads nothing.
	quietEvery = 2 * time.Minute
	// historyWindow bounds the events of one look.
	historyWindow = 5000
	// historyOverlap is looked at again each time: numbers are given out before the events are stored.
	historyOverlap = 1000
	// tidyStep bounds the documents of one look, and tidyEnough how many that are right end it: translations go the oldest first.
	tidyStep   = 200
	tidyEnough = 3
)

// followHistory indexes events that were fetched from other servers until ctx ends, and tidies up.
func (f *Finder) followHistory(ctx context.Context) {
	var looked, tidied time.Time
	position := int64(-1)
	for ; ctx.Err() == nil; pace.Pause(ctx, historyEvery) {
		if at := f.o.Hub.Position(); at != position || time.Since(looked) >= quietEvery {
			position, looked = at, time.Now()
			f.warn(ctx, f.readHistory(ctx), "indexing fetched messages failed, trying again")
		}
		if time.Since(tidied) >= tidyEvery {
			tidied = time.Now()
			f.warn(ctx, f.tidy(ctx), "removing old translations from the index failed, trying again")
		}
	}
}

func (f *Finder) warn(ctx context.Context, err error, what string) {
	if err != nil && ctx.Err() == nil {
		f.o.Log.WithError(err).Warn(what)
	}
}

// readHistory goes on from where it last came to, to the end.
func (f *Finder) readHistory(ctx context.Context) error {
	cursor, _, err := f.o.Hub.LoadCursor(ctx, cursorHistory)
	if err != nil {
		return err
	}
	after := max(cursor-historyOverlap, 0)
	for ctx.Err() == nil {
		upto, err := f.readFetched(ctx, after)
		if err != nil {
			return err
		}
		if upto == after {
			break
		}
		after = upto
		if after > cursor {
			if err := f.o.Hub.SaveCursor(ctx, cursorHistory, after); err != nil {
				return err
			}
			cursor = after
		}
	}
	return ctx.Err()
}

// readFetched indexes the fetched events of one window that are not in the index yet, and returns its end.
func (f *Finder) readFetched(ctx context.Context, after int64) (upto int64, err error) {
	events, upto, err := f.o.Rooms.FetchedAfter(ctx, after, historyWindow, textTypes)
	if err != nil {
		return 0, fmt.Errorf("reading fetched messages: %w", err)
	}
	found := touched{}
	if err := f.touch(ctx, found, events); err != nil {
		return 0, err
	}
	has, err := f.o.Engine.Has(ctx, indexName, slices.Collect(maps.Keys(found)))
	if err != nil {
		return 0, err
	}
	maps.DeleteFunc(found, func(nid int64, changed bool) bool { return has[nid] && !changed })
	return upto, f.refresh(ctx, found)
}

// tidy removes translations that the translator has removed for their age: the oldest of each language, until enough
// are still there.
func (f *Finder) tidy(ctx context.Context) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	states, err := f.o.Engine.States(ctx, translationIndex(""))
	if err != nil {
		return err
	}
	for _, s := range states {
		if err := f.tidyIndex(ctx, s.Name); err != nil {
			return err
		}
	}
	return nil
}

func (f *Finder) tidyIndex(ctx context.Context, index string) error {
	language := index[len(translationIndex("")):]
	after, right := int64(0), 0
	for right < tidyEnough {
		nids, err := f.o.Engine.Documents(ctx, index, after, tidyStep)
		if err != nil || len(nids) == 0 {
			return err
		}
		after = nids[len(nids)-1]
		gone, err := f.goneOf(ctx, nids, language)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			right++
			continue
		}
		for ids := range slices.Chunk(gone, writeStep) {
			err := f.writeStep(ctx, true, func(tx *sqldb.Tx) error { return f.o.Engine.Remove(tx, index, ids...) })
			if err != nil {
				return fmt.Errorf("removing old translations: %w", err)
			}
		}
	}
	return nil
}

// goneOf returns the messages that have no translation any more.
func (f *Finder) goneOf(ctx context.Context, nids []int64, language string) ([]int64, error) {
	versions, err := f.versionsOf(ctx, nids)
	if err != nil {
		return nil, err
	}
	current := make(map[int64]int64, len(versions))
	for nid, v := range versions {
		current[nid] = v.nid
	}
	texts, err := f.textsOf(ctx, current)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(nids), func(nid int64) bool {
		_, there := texts[translationKey{nid, language}]
		return there
	}), nil
}
