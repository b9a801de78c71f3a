package finder

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"medixchange/internal/pace"
	"medixchange/internal/search"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

const (
	// refreshStep bounds the messages that are looked at together.
	refreshStep = 200
	// writeStep bounds the documents of one write: it takes some milliseconds, in which no message can be stored.
	writeStep = 24
	// maxPause bounds the pause after a write while much is to be indexed.
	maxPause = 50 * time.Millisecond
)

// refresh decides anew what messages are found by. One such look at a time: what was read before must not be written after
// what was read later.
func (f *Finder) refresh(ctx context.Context, found touched) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	all := slices.Sorted(maps.Keys(found))
	for nids := range slices.Chunk(all, refreshStep) {
		if err := f.refreshSome(ctx, nids, found, len(all) > writeStep); err != nil {
			return err
		}
	}
	return nil
}

// changes are what becomes of the indexes, by name.
type changes map[string]*change

type change struct {
	put    []*search.Prepared
	remove []int64
}

func (c changes) of(index string) *change {
	if c[index] == nil {
		c[index] = &change{}
	}
	return c[index]
}

func (f *Finder) refreshSome(ctx context.Context, nids []int64, found touched, many bool) error {
	versions, err := f.versionsOf(ctx, nids)
	if err != nil {
		return err
	}
	todo := changes{}
	for _, nid := range nids {
		if v := versions[nid]; v != nil {
			todo.of(indexName).put = append(todo.of(indexName).put, f.prepare(v, v.words))
		} else {
			todo.of(indexName).remove = append(todo.of(indexName).remove, nid)
		}
	}
	if err := f.addTranslations(ctx, todo, nids, versions, found); err != nil {
		return err
	}
	return f.write(ctx, todo, many)
}

// version is what is found of a message now.
type version struct {
	message *rooms.Event
	nid     int64 // of the newest version: the message's or an edit's
	words   string
}

func (f *Finder) prepare(v *version, words string) *search.Prepared {
	return f.o.Engine.Prepare(search.Document{
		ID: v.message.NID, Scope: v.message.RoomNID, Time: v.message.OriginServerTS,
		Fields: []search.Field{{Text: words, Weight: 1}},
	})
}

// versionsOf returns the messages that can be found, by nid, as they are now: not those that are redacted, edits of others,
// or in encrypted rooms.
func (f *Finder) versionsOf(ctx context.Context, nids []int64) (map[int64]*version, error) {
	events, err := f.o.Rooms.Events(ctx, nids)
	if err != nil {
		return nil, fmt.Errorf("reading messages: %w", err)
	}
	ids := make([]string, 0, len(events))
	for _, ev := range events {
		ids = append(ids, ev.ID)
	}
	redacted, err := f.o.Rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("looking for redactions: %w", err)
	}
	edited, err := f.o.Rooms.Aggregates(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("looking for edits: %w", err)
	}
	encrypted := map[string]bool{}
	versions := make(map[int64]*version, len(events))
	for _, ev := range events {
		if redacted[ev.ID] != nil || !isText(ev) {
			continue
		}
		hidden, err := f.encrypted(ctx, encrypted, ev.RoomID)
		if err != nil {
			return nil, err
		}
		v := versionOf(ev, edited[ev.ID].Edit)
		if !hidden && v.words != "" {
			versions[ev.NID] = v
		}
	}
	return versions, nil
}

func isText(ev *rooms.Event) bool {
	return ev.Outcome == rooms.Accepted && ev.Relation.Type != relReplace && slices.Contains(textTypes, ev.Type) && (ev.Type == typeMessage) == !ev.IsState()
}

func versionOf(ev, edit *rooms.Event) *version {
	if edit == nil {
		return &version{ev, ev.NID, wordsOf(ev)}
	}
	return &version{ev, edit.NID, edit.Content().Get(`m\.new_content.body`).Str}
}

// wordsOf returns the text that an event is found by.
func wordsOf(ev *rooms.Event) string {
	switch ev.Type {
	case typeName:
		return ev.Content().Get("name").Str
	case typeTopic:
		return ev.Content().Get("topic").Str
	}
	return withoutFallback(ev)
}

// withoutFallback leaves out the quotation before a reply, which older clients write: it says what another message says.
func withoutFallback(ev *rooms.Event) string {
	body := ev.Content().Get("body").Str
	if !ev.Content().Get(`m\.relates_to.m\.in_reply_to`).Exists() || !strings.HasPrefix(body, "> ") {
		return body
	}
	_, said, found := strings.Cut(body, "\n\n")
	if !found {
		return body
	}
	return said
}

// encrypted reports whether a room is encrypted now, or not to be read; known remembers it for one look.
func (f *Finder) encrypted(ctx context.Context, known map[string]bool, roomID string) (bool, error) {
	if hidden, ok := known[roomID]; ok {
		return hidden, nil
	}
	room, err := f.o.Rooms.Snapshot(ctx, roomID)
	if err != nil && !errors.Is(err, rooms.ErrNotFound) {
		return false, fmt.Errorf("reading a room: %w", err)
	}
	hidden := err != nil
	if !hidden {
		_, hidden = room.StateNIDOf("m.room.encryption", "")
	}
	known[roomID] = hidden
	return hidden, nil
}

// addTranslations adds what becomes of the indexes of languages, for messages whose translations may have changed.
func (f *Finder) addTranslations(ctx context.Context, todo changes, nids []int64, versions map[int64]*version, found touched) error {
	current := map[int64]int64{}
	var all []int64
	for _, nid := range nids {
		if !found[nid] {
			continue
		}
		all = append(all, nid)
		if v := versions[nid]; v != nil {
			current[nid] = v.nid
		}
	}
	if len(all) == 0 {
		return nil
	}
	texts, err := f.textsOf(ctx, current)
	if err != nil {
		return err
	}
	for key, text := range texts {
		of := todo.of(translationIndex(key.language))
		of.put = append(of.put, f.prepare(versions[key.nid], text))
	}
	return f.removeOthers(ctx, todo, all, texts)
}

// translationKey names a translation.
type translationKey struct {
	nid      int64
	language string
}

func (f *Finder) textsOf(ctx context.Context, versions map[int64]int64) (map[translationKey]string, error) {
	if len(versions) == 0 {
		return nil, nil
	}
	texts, err := f.o.Translations.TextsOf(ctx, versions)
	if err != nil {
		return nil, fmt.Errorf("reading translations: %w", err)
	}
	byKey := make(map[translationKey]string, len(texts))
	for _, t := range texts {
		byKey[translationKey{t.MessageNID, t.Language}] = t.Words
	}
	return byKey, nil
}

// removeOthers removes the translations that do not hold any more.
func (f *Finder) removeOthers(ctx context.Context, todo changes, nids []int64, texts map[translationKey]string) error {
	states, err := f.o.Engine.States(ctx, translationIndex(""))
	if err != nil {
		return err
	}
	for _, s := range states {
		language := strings.TrimPrefix(s.Name, translationIndex(""))
		for _, nid := range nids {
			if _, holds := texts[translationKey{nid, language}]; !holds && nid <= s.Last {
				todo.of(s.Name).remove = append(todo.of(s.Name).remove, nid)
			}
		}
	}
	return nil
}

func translationIndex(language string) string { return indexName + "." + language }

func isTranslationIndex(name string) bool { return strings.HasPrefix(name, translationIndex("")) }

// write changes the indexes in small writes. While much is to be indexed it leaves as much time to others as it takes.
func (f *Finder) write(ctx context.Context, todo changes, many bool) error {
	for _, index := range slices.Sorted(maps.Keys(todo)) {
		c := todo[index]
		for ids := range slices.Chunk(c.remove, writeStep) {
			if err := f.writeStep(ctx, many, func(tx *sqldb.Tx) error { return f.o.Engine.Remove(tx, index, ids...) }); err != nil {
				return fmt.Errorf("removing from the index: %w", err)
			}
		}
		slices.SortFunc(c.put, func(a, b *search.Prepared) int { return int(a.ID() - b.ID()) })
		for docs := range slices.Chunk(c.put, writeStep) {
			if err := f.writeStep(ctx, many, func(tx *sqldb.Tx) error { return f.o.Engine.Put(tx, index, docs...) }); err != nil {
				return fmt.Errorf("adding to the index: %w", err)
			}
			f.metrics.indexed.Add(float64(len(docs)))
		}
	}
	return nil
}

func (f *Finder) writeStep(ctx context.Context, many bool, fn func(tx *sqldb.Tx) error) error {
	began := time.Now()
	if err := f.o.DB.Write(ctx, fn); err != nil {
		return err
	}
	if many {
		pace.Pause(ctx, min(time.Since(began), maxPause))
	}
	return nil
}
