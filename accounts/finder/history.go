package finder

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	// tidyStep bounds the documents of one step. Translations go the oldest first, so that tidyEnough steps without any that
	// is gone end the look at the oldest messages. Old messages that were translated again hide others that are gone:
	// tidyFurther such steps more look behind them, and go on from there the next time.
	tidyStep    = 200
	tidyEnough  = 3
	tidyFurther = 5
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

// tidy removes translations that the translator has removed for their age.
func (f *Finder) tidy(ctx context.Context) error {
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

// tidyIndex looks at the oldest messages, and then at some more from where it last came to; from its end it begins anew.
func (f *Finder) tidyIndex(ctx context.Context, index string) error {
	cursor := cursorTidy + index
	before, _, err := f.o.Hub.LoadCursor(ctx, cursor)
	if err != nil {
		return err
	}
	upto, err := f.tidyFrom(ctx, index, 0, tidyEnough)
	if err == nil && upto != 0 {
		upto, err = f.tidyFrom(ctx, index, max(upto, before), tidyFurther)
	}
	if err != nil || upto == before {
		return err
	}
	return f.o.Hub.SaveCursor(ctx, cursor, upto)
}

// tidyFrom takes steps until enough of them had nothing to remove; it returns the last message of these, 0 at the end of
// the index.
func (f *Finder) tidyFrom(ctx context.Context, index string, after int64, enough int) (upto int64, err error) {
	for right := 0; right < enough; {
		last, removed, err := f.tidySome(ctx, index, after)
		if err != nil || last == 0 {
			return 0, err
		}
		if after = last; !removed {
			right++
		}
	}
	return after, nil
}

// tidySome removes what is gone of some messages; it returns the last of them, 0 if there were none. Others may index
// between two steps.
func (f *Finder) tidySome(ctx context.Context, index string, after int64) (last int64, removed bool, err error) {
	f.writing.Lock()
	defer f.writing.Unlock()
	nids, err := f.o.Engine.Documents(ctx, index, after, tidyStep)
	if err != nil || len(nids) == 0 {
		return 0, false, err
	}
	gone, err := f.goneOf(ctx, nids, strings.TrimPrefix(index, translationIndex("")))
	if err != nil {
		return 0, false, err
	}
	for ids := range slices.Chunk(gone, writeStep) {
		err := f.writeStep(ctx, true, func(tx *sqldb.Tx) error { return f.o.Engine.Remove(tx, index, ids...) })
		if err != nil {
			return 0, false, fmt.Errorf("removing old translations: %w", err)
		}
	}
	return nids[len(nids)-1], len(gone) > 0, nil
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
