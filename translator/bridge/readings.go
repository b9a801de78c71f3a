package bridge

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/memo"
	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// The reading log says what each reader was given in translation (TRANSLATION 18). An answer only notes user and rendering
// in memory; a moment later all that was noted is written in one transaction, what was said with it. So an answer costs
// next to nothing, and when the node ends without warning what was noted in that moment is missing: the log says from when
// on that may be so, rather than pretend to be whole.

const (
	// readingsEvery is how long readings are gathered, readingsSoon how long what was gathered waits at most for others to write.
	readingsEvery, readingsSoon = 150 * time.Millisecond, 50 * time.Millisecond
	// readingsStep is how many of them are written at once.
	readingsStep = 500
	// maxReadings bounds those that wait; what is more is a gap.
	maxReadings = 20_000
	// keptReadings bounds the readings that are known to be written: they are not noted again. One that is forgotten may be.
	keptReadings = 16_384
)

// reading is that a user was given a rendering.
type reading struct {
	userID    string
	rendering *view.Rendering
	reply     *rooms.Event // what said it in a thread, while rendering is not known yet
	ts        int64        // ms
	late      bool
	mode      string
}

// modePush is how a reader was given a translation who was only told by push.
const modePush = "push"

// pushedTS is when the reader's phone was told.
func (r reading) pushedTS() int64 {
	if r.mode == modePush {
		return r.ts
	}
	return 0
}

type readingKey struct {
	of     int64 // position of the rendering, below 0 the nid of a reply
	userID string
	pushed bool
}

// readingLog holds what has been noted. It is safe for concurrent use.
type readingLog struct {
	mu      sync.Mutex
	waiting []reading
	lostAt  int64 // ms: since when there was no room for more; 0: there is
	known   *memo.Last[readingKey, struct{}]
	now     func() time.Time
	kick    chan struct{}
	writing sync.Mutex // one batch at a time
}

func newReadingLog(now func() time.Time) *readingLog {
	return &readingLog{known: memo.NewLast[readingKey, struct{}](keptReadings), now: now, kick: make(chan struct{}, 1)}
}

// note takes a reading, unless it is known.
func (l *readingLog) note(r reading) {
	key := readingKey{userID: r.userID, pushed: r.mode == modePush}
	if r.reply != nil {
		key.of = -r.reply.NID
	} else {
		key.of = r.rendering.Position
	}
	if _, known := l.known.Get(key); known {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now().UnixMilli()
	if len(l.waiting) >= maxReadings {
		if l.lostAt == 0 {
			l.lostAt = now
		}
		return
	}
	r.ts = now
	l.waiting = append(l.waiting, r)
	l.known.Put(key, struct{}{})
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// take returns what waits, oldest first and at most n, and since when some was lost.
func (l *readingLog) take(n int) (batch []reading, lostAt int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(n, len(l.waiting))
	batch, l.waiting = l.waiting[:n:n], l.waiting[n:]
	lostAt, l.lostAt = l.lostAt, 0
	return batch, lostAt
}

// back puts a batch that could not be written before what waits.
func (l *readingLog) back(batch []reading, lostAt int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(batch, l.waiting...)
	if lostAt != 0 {
		l.lostAt = lostAt
	}
}

// Shown implements view.Log.
func (b *Bridge) Shown(viewer view.Viewer, r *view.Rendering, late bool) {
	if b.o.Config.Records.ReadingsKeep > 0 {
		b.readings.note(reading{userID: viewer.UserID, rendering: r, late: late, mode: viewer.Mode})
	}
}

// Pushed implements view.Log.
func (b *Bridge) Pushed(viewer view.Viewer, r *view.Rendering) {
	if b.o.Config.Records.ReadingsKeep > 0 {
		b.readings.note(reading{userID: viewer.UserID, rendering: r, mode: modePush})
	}
}

// Replied implements view.Log.
func (b *Bridge) Replied(viewer view.Viewer, reply *rooms.Event) {
	if b.o.Config.Records.ReadingsKeep > 0 && viewer.UserID != b.bot {
		b.readings.note(reading{userID: viewer.UserID, reply: reply, mode: view.ModeThread})
	}
}

// readingsLoop writes what is noted until ctx ends, and then what is left.
func (b *Bridge) readingsLoop(ctx context.Context) error {
	if err := b.openReadings(ctx); err != nil {
		b.o.Log.WithError(err).Error("opening the reading log failed")
	}
	for {
		select {
		case <-ctx.Done():
			return b.closeReadings(context.WithoutCancel(ctx))
		case <-b.readings.kick:
		}
		pace.Pause(ctx, readingsEvery)
		if err := b.writeReadings(context.WithoutCancel(ctx)); err != nil {
			b.o.Log.WithError(err).Error("writing the reading log failed, trying again")
			pace.Pause(ctx, storePause)
			select {
			case b.readings.kick <- struct{}{}:
			default:
			}
		}
	}
}

// reasonKilled and reasonFull say why readings may be missing.
const (
	reasonKilled = "the node ended without warning"
	reasonFull   = "more was read than could be written down"
)

// openReadings marks the log as open, after noting that the last run did not close it.
func (b *Bridge) openReadings(ctx context.Context) error {
	now := b.o.Now().UnixMilli()
	return b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := endOpenGap(tx, now, reasonKilled); err != nil {
			return err
		}
		return beginGap(tx, now)
	})
}

// closeTimeout bounds what is written when the node stops.
const closeTimeout = 10 * time.Second

// closeReadings writes what is left and marks the log as closed.
func (b *Bridge) closeReadings(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	for written := -1; written != 0; {
		var err error
		if written, err = b.writeSomeReadings(ctx); err != nil {
			return err
		}
	}
	return b.o.DB.Write(ctx, dropOpenGap)
}

// writeReadings writes what waits by now. What is noted meanwhile is gathered first: on a busy node each write would be followed by
// another one with the few readings of that moment.
func (b *Bridge) writeReadings(ctx context.Context) error {
	for {
		written, err := b.writeSomeReadings(ctx)
		if err != nil || written < readingsStep {
			return err
		}
	}
}

// writeSomeReadings writes up to readingsStep of those that wait, and returns how many. Whoever has it write what was noted finds
// also that in the log which was being written when they came.
func (b *Bridge) writeSomeReadings(ctx context.Context) (int, error) {
	b.readings.writing.Lock()
	defer b.readings.writing.Unlock()
	batch, lostAt := b.readings.take(readingsStep)
	if len(batch) == 0 && lostAt == 0 {
		return 0, nil
	}
	if err := b.writeBatch(ctx, batch, lostAt); err != nil {
		b.readings.back(batch, lostAt)
		return 0, err
	}
	return len(batch), nil
}

func (b *Bridge) writeBatch(ctx context.Context, batch []reading, lostAt int64) error {
	batch, err := b.repliedIn(ctx, batch)
	if err != nil {
		return err
	}
	versions, messages, err := b.versionsOf(ctx, batch)
	if err != nil {
		return err
	}
	now := b.o.Now().UnixMilli()
	putOff, batch := b.putOffGroups(batch, versions, messages)
	forms, err := b.formsRead(batch, versions)
	if err != nil {
		return err
	}
	err = b.o.DB.WriteSoon(ctx, readingsSoon, func(tx *sqldb.Tx) error {
		if err := insertPutOffReadings(tx, putOff); err != nil {
			return err
		}
		if err := insertReadings(tx, batch); err != nil {
			return err
		}
		if err := b.writeTexts(tx, batch, forms, versions, messages); err != nil {
			return err
		}
		if lostAt != 0 {
			if err := insertGap(tx, lostAt, now, reasonFull); err != nil {
				return err
			}
		}
		return touchOpenGap(tx, now)
	})
	if err != nil {
		return fmt.Errorf("writing the reading log: %w", err)
	}
	return nil
}

// versionsOf returns the versions that were read, by nid, and the message that each belongs to.
func (b *Bridge) versionsOf(ctx context.Context, batch []reading) (versions, messages map[int64]*rooms.Event, err error) {
	atHand := make(map[int64]*rooms.Event, len(batch))
	var nids []int64
	for _, r := range batch {
		if r.rendering.Of != nil {
			atHand[r.rendering.Version] = r.rendering.Of
		} else {
			nids = append(nids, r.rendering.Version)
		}
	}
	if versions, err = b.o.Rooms.Events(ctx, nids); err != nil {
		return nil, nil, fmt.Errorf("reading what was read: %w", err)
	}
	maps.Copy(versions, atHand)
	messages = make(map[int64]*rooms.Event, len(versions))
	for nid, version := range versions {
		if messages[nid], err = b.messageOf(ctx, version); err != nil {
			return nil, nil, err
		}
	}
	return versions, messages, nil
}

// writeTexts keeps what the renderings of a batch said, without their words where the message is gone by now or the
// configuration keeps none.
func (b *Bridge) writeTexts(tx *sqldb.Tx, batch []reading, forms map[readForm]string, versions, messages map[int64]*rooms.Event) error {
	var said []*view.Rendering
	var ids []string
	seen := map[int64]bool{}
	for _, r := range batch {
		version := versions[r.rendering.Version]
		if seen[r.rendering.Position] || version == nil {
			continue
		}
		seen[r.rendering.Position] = true
		said = append(said, r.rendering)
		ids = append(ids, version.ID, messages[version.NID].ID)
	}
	if len(said) == 0 {
		return nil
	}
	gone, err := b.o.Rooms.RedactedIn(tx, ids)
	if err != nil {
		return err
	}
	texts := make([]readText, 0, len(said))
	kept := map[int64]bool{}
	for _, r := range said {
		version := versions[r.Version]
		message := messages[version.NID]
		text := b.textOf(r, version, message, gone[version.ID] || gone[message.ID])
		kept[r.Position] = len(text.sealed) > 0
		texts = append(texts, text)
	}
	for form, text := range forms {
		if !kept[form.rendering] {
			continue
		}
		if err := insertReadForm(tx, form, b.vault.seal(text, formPlace(form.rendering, form.mode))); err != nil {
			return err
		}
	}
	return insertReadTexts(tx, texts)
}

// textOf is what the log keeps of a rendering.
func (b *Bridge) textOf(r *view.Rendering, version, message *rooms.Event, gone bool) readText {
	content := r.Content
	if len(content) == 0 {
		content = r.LateContent
	}
	key := gjson.GetBytes(content, pathKey)
	kept := readText{
		rendering: r.Position, messageNID: message.NID, versionNID: version.NID, language: r.Language, source: key.Get("from").Str,
		engine: key.Get("engine").Str, glossary: r.Glossary, state: r.State, verdict: r.Verdict,
		reasons: strings.Join(reasonsIn(r), " "),
	}
	if text := bodyOf(r); text != "" && !gone && b.o.Config.Records.ReadingsText {
		kept.sealed = b.vault.seal(text, readPlace(r.Position))
	}
	return kept
}

// bodyOf is the text that a rendering shows as the message.
func bodyOf(r *view.Rendering) string {
	content := gjson.ParseBytes(r.Content)
	if len(r.Content) == 0 {
		content = gjson.ParseBytes(r.LateContent)
	}
	if changed := content.Get(pathNewContent); changed.IsObject() {
		content = changed
	}
	if text := content.Get("body"); text.Exists() {
		return text.Str
	}
	if text := blockText(content); text != "" { // a poll
		return text
	}
	return topicText(content)
}
