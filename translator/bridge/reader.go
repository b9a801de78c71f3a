package bridge

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"medixchange/accounts"
	"medixchange/internal/pace"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/translator/language"
)

// Names of the durable cursors.
const (
	cursorReader = "translator"
	cursorBot    = "translator_bot"
)

// typeLanguage is the account data in which a reader's choice is kept, for a room and in general.
const typeLanguage = "org.medixchange.language"

// read takes what happened in (from, upto]: it begins the translations of new messages and follows edits and redactions.
// It returns when everything that it has begun is stored; the range may come again after an error or a crash.
func (b *Bridge) read(ctx context.Context, from, upto int64) error {
	runtime.Gosched() // the senders of what woke it go first
	var begun []*job
	complete, err := b.o.Hub.Walk(from, upto, func(e stream.Entry) error {
		started, err := b.take(ctx, e)
		begun = append(begun, started...)
		return err
	})
	if err == nil && !complete {
		begun, err = b.readStored(ctx, from, upto)
	}
	if err != nil {
		return err
	}
	if err := b.keep(ctx, begun); err != nil {
		return err
	}
	b.handled.Store(upto)
	b.letGather(ctx, len(begun))
	return nil
}

// gatherStep is by how much longer the reader pauses after each time that it began nothing, gatherMost how long at most.
const (
	gatherStep = 250 * time.Microsecond
	gatherMost = 20 * gatherStep
)

// letGather lets news come together where nothing is translated, since being woken costs more than reading: the longer nothing was to
// be begun, the longer, so that what comes after a translation is read at once. While engines are away the reader is in no hurry: those who
// are woken with it find out themselves what they show.
func (b *Bridge) letGather(ctx context.Context, begun int) {
	if begun > 0 {
		b.vainReads = 0
		return
	}
	b.vainReads++
	most := gatherMost
	if b.absences.lasting() {
		most = stream.Unhurried
	}
	pace.Pause(ctx, min(time.Duration(b.vainReads)*gatherStep, most))
}

// take follows one entry of the stream.
func (b *Bridge) take(ctx context.Context, e stream.Entry) ([]*job, error) {
	if err := b.takeReader(ctx, e); err != nil {
		return nil, err
	}
	switch value := e.Value.(type) {
	case *rooms.Event:
		if e.Kind != rooms.EntryEvent {
			return nil, nil
		}
		if value.Type == typeACL {
			return nil, b.TellOfDoors(ctx, value)
		}
		return b.takeEvent(ctx, value)
	case *rooms.Redaction:
		return nil, b.takeRedaction(ctx, value.TargetID)
	case *rooms.StateDelta:
		if value.Type == "m.room.member" {
			b.readers.forget(value.RoomID)
		}
	case *accounts.AccountDatum:
		if value.Type == typeLanguage {
			b.o.Pipeline.Prepare()
			b.readers.forgetAll()
		}
	case *accounts.ProfileChange:
		if value.Field == typeLanguage {
			b.o.Pipeline.Prepare()
			b.readers.forgetAll()
		}
	}
	return nil, nil
}

// readStored is read for what the ring has forgotten.
func (b *Bridge) readStored(ctx context.Context, from, upto int64) ([]*job, error) {
	b.readers.forgetAll()
	limit := int(upto - from)
	var events []*rooms.Event
	for _, typ := range textTypes {
		found, err := b.o.Rooms.EventsSince(ctx, from, upto, typ, limit)
		if err != nil {
			return nil, err
		}
		events = append(events, found...)
	}
	slices.SortFunc(events, func(x, y *rooms.Event) int { return cmp.Compare(x.Position, y.Position) })
	redactions, err := b.o.Rooms.RedactionsSince(ctx, from, upto, limit)
	if err != nil {
		return nil, err
	}
	var begun []*job
	for _, ev := range events {
		started, err := b.takeEvent(ctx, ev)
		if err != nil {
			return nil, err
		}
		begun = append(begun, started...)
	}
	for _, redaction := range redactions {
		if err := b.takeRedaction(ctx, redaction.TargetID); err != nil {
			return nil, err
		}
	}
	return begun, nil
}

// takeEvent begins one translation for each language in which somebody here reads the message.
func (b *Bridge) takeEvent(ctx context.Context, ev *rooms.Event) ([]*job, error) {
	d := b.decideLive(ev)
	if !d.text {
		return nil, b.followFile(ctx, ev)
	}
	if err := b.followMessage(ctx, ev, d); err != nil {
		return nil, err
	}
	audiences, err := b.audiences(ctx, ev.RoomID)
	if err != nil || len(audiences) == 0 {
		return nil, err
	}
	room := b.translationIn(ctx, ev.RoomID)
	if room == translationOff {
		return nil, nil
	}
	var begun []*job
	for _, a := range audiences {
		if !d.wantedBy(a.language) || !a.reads(ev) {
			continue
		}
		if b.putOffIn(room, ev, d, a.language) {
			b.metrics.putOff.Inc()
			continue
		}
		done, err := b.alreadyDone(ctx, ev, a.language)
		if err != nil {
			return nil, err
		}
		if done {
			continue
		}
		j, err := b.begin(ctx, &job{key: key{ev.NID, a.language}, ev: ev, from: d.from, hearers: followers})
		if err != nil {
			return nil, fmt.Errorf("beginning a translation: %w", err)
		}
		begun = append(begun, j)
	}
	return begun, nil
}

// followMessage does what a message brings with it, whoever reads it in which language.
func (b *Bridge) followMessage(ctx context.Context, ev *rooms.Event, d decision) error {
	if ev.StateKey != nil {
		return nil
	}
	if err := b.followEdit(ctx, ev, d); err != nil {
		return err
	}
	if err := b.withdrawConcerns(ctx, ev); err != nil {
		return err
	}
	if err := b.followAnswer(ctx, ev); err != nil {
		return err
	}
	return b.askReadBack(ctx, ev)
}

// alreadyDone reports whether an event that comes again, after a restart, has its rendering.
func (b *Bridge) alreadyDone(ctx context.Context, ev *rooms.Event, code language.Code) (bool, error) {
	if ev.Received != 0 {
		return false, nil
	}
	rows, err := b.placed(ctx, code, ev)
	return len(rows) > 0, err
}
