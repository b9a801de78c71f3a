package bridge

import (
	"context"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// concernsDesk does what concerns ask for: it tells authors that translations were refused, and has messages translated that
// their authors released. What it has to do is in the database, so that a node that was killed goes on with it.
type concernsDesk struct{ woken chan struct{} }

func newConcernsDesk() concernsDesk { return concernsDesk{make(chan struct{}, 1)} }

// wake makes the desk look for work. It never waits.
func (d concernsDesk) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

const (
	// concernsStep bounds the messages that are looked at in one go.
	concernsStep = 100
	// concernsPause is the wait while languages of a message are under way.
	concernsPause = 200 * time.Millisecond
)

// concernsLoop works until ctx ends, whose error it returns.
func (b *Bridge) concernsLoop(ctx context.Context) error {
	for {
		waiting, err := b.attend(ctx)
		if err != nil && ctx.Err() == nil {
			b.o.Log.WithError(err).Warn("telling authors of their messages failed, trying again")
			waiting = true
		}
		var again <-chan time.Time
		if waiting {
			again = time.After(concernsPause)
		}
		select {
		case <-b.concerns.woken:
		case <-again:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attend does what there is to do. It reports whether something has to wait.
func (b *Bridge) attend(ctx context.Context) (waiting bool, err error) {
	releases, err := b.selectReleased(ctx, concernsStep)
	if err != nil {
		return false, err
	}
	if err := b.translateReleased(ctx, releases); err != nil {
		return false, err
	}
	doubtful, err := b.selectDoubtful(ctx, concernsStep)
	if err != nil {
		return false, err
	}
	for _, nid := range doubtful {
		told, err := b.askToRephrase(ctx, nid)
		if err != nil {
			return false, err
		}
		waiting = waiting || !told
	}
	return waiting || len(releases) == concernsStep || len(doubtful) == concernsStep, nil
}

// askToRephrase tells the author of a version in which languages it was refused, as soon as all of them are through. It
// reports false while some are not.
func (b *Bridge) askToRephrase(ctx context.Context, versionNID int64) (told bool, err error) {
	found, err := b.o.Rooms.Events(ctx, []int64{versionNID})
	if err != nil {
		return false, fmt.Errorf("reading what was refused: %w", err)
	}
	ev := found[versionNID]
	if ev == nil {
		return true, b.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return deleteDoubts(tx, versionNID) })
	}
	stored, err := b.hasStoredJobs(ctx, versionNID)
	if err != nil || stored || ev.Position > b.handled.Load() || b.jobs.of(versionNID) {
		return false, err
	}
	message, err := b.messageOf(ctx, ev)
	if err != nil {
		return false, err
	}
	doubts, err := b.selectDoubts(ctx, versionNID)
	if err != nil {
		return false, err
	}
	text, err := rephraseText(b.talk.languageOf(ctx, ev.Sender, ev.RoomID), doubts)
	if err != nil {
		return false, err
	}
	content, err := noticeContent(message, text, nil)
	if err != nil {
		return false, err
	}
	err = b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := deleteDoubts(tx, versionNID); err != nil {
			return err
		}
		version, err := b.o.Rooms.VersionIn(tx, message)
		if err != nil || version.Redacted || inForceNID(version, message) != versionNID {
			return err
		}
		return b.tellIn(tx, ev.Sender, message, kindOf(noticeRephrase, versionNID), content)
	})
	if err != nil {
		return false, fmt.Errorf("asking an author to rephrase: %w", err)
	}
	return true, nil
}

// hearRelease takes a reaction of an author to their own message, or to the notice about it, as its release. The version that
// is in force is released; an edit after that is looked at anew.
func (t *talk) hearRelease(ctx context.Context, reaction *rooms.Event) error {
	key := reaction.Content().Get(pathRelates + ".key").Str
	if reaction.Relation.Type != relAnnotation || !replies.IsRelease(key) || !t.isLocal(reaction.Sender) {
		return nil
	}
	found, err := t.b.o.Rooms.EventsByID(ctx, []string{reaction.Relation.EventID})
	if err != nil {
		return fmt.Errorf("reading what is released: %w", err)
	}
	ev := found[reaction.Relation.EventID]
	if ev == nil || ev.RoomID != reaction.RoomID || ev.Sender != reaction.Sender {
		return nil
	}
	message, err := t.b.messageOf(ctx, ev)
	if err != nil {
		return err
	}
	return t.b.release(ctx, message)
}

func (b *Bridge) release(ctx context.Context, message *rooms.Event) error {
	var freed bool
	err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		version, err := b.o.Rooms.VersionIn(tx, message)
		if err != nil || version.Redacted {
			return err
		}
		freed, err = releaseHold(tx, inForceNID(version, message), b.o.Now().UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("releasing a message: %w", err)
	}
	if freed {
		b.concerns.wake()
	}
	return nil
}

// translateReleased has released versions translated for the languages that have no translation of them, and returns when that
// is done: what cannot be had then is made when history is read.
func (b *Bridge) translateReleased(ctx context.Context, versions []int64) error {
	if len(versions) == 0 {
		return nil
	}
	found, err := b.o.Rooms.Events(ctx, versions)
	if err != nil {
		return fmt.Errorf("reading what was released: %w", err)
	}
	var begun []*job
	for _, nid := range versions {
		if ev := found[nid]; ev != nil {
			started, err := b.beginAgain(ctx, ev)
			if err != nil {
				return err
			}
			begun = append(begun, started...)
		}
	}
	if err := await(ctx, begun...); err != nil {
		return err
	}
	return b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, nid := range versions {
			if err := endRelease(tx, nid); err != nil {
				return err
			}
		}
		return nil
	})
}

// beginAgain begins the translations of an event that somebody here wants and nobody has.
func (b *Bridge) beginAgain(ctx context.Context, ev *rooms.Event) (begun []*job, err error) {
	audiences, err := b.audiences(ctx, ev.RoomID)
	if err != nil || b.isOff(ctx, ev.RoomID) {
		return nil, err
	}
	d := b.decide(ev)
	for _, a := range audiences {
		if !d.wantedBy(a.language) || !a.reads(ev) {
			continue
		}
		rows, err := b.placed(ctx, a.language, ev)
		if err != nil {
			return nil, err
		}
		last := inForce(rows, newest)
		if last != nil && last.State == string(translator.Translated) {
			continue
		}
		j, err := b.begin(ctx, &job{key: key{ev.NID, language.Code(a.language)}, ev: ev, from: d.from, hearers: followers})
		if err != nil {
			return nil, fmt.Errorf("beginning the translation of what was released: %w", err)
		}
		begun = append(begun, j)
	}
	return begun, nil
}
