package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// newest is the position of everything that is rendered by now.
const newest = int64(^uint64(0) >> 1)

// Speaker implements view.Renderer.
func (b *Bridge) Speaker() string { return b.bot }

// Wanted implements view.Renderer.
func (b *Bridge) Wanted(ev *rooms.Event, language string) bool {
	return b.decide(ev).wantedBy(b.code(language))
}

// Renderings implements view.Renderer.
func (b *Bridge) Renderings(ctx context.Context, tag string, events []*rooms.Event, upto int64) (map[int64]*view.Rendering, error) {
	code := b.code(tag)
	if code == "" {
		return nil, nil
	}
	rows, err := b.placedOf(ctx, code, events)
	if err != nil {
		return nil, err
	}
	var found map[int64]*view.Rendering
	for i, ev := range events {
		r, err := b.renderingOf(ev, code, rows[i], upto)
		if err != nil {
			return nil, err
		}
		if (r == nil || r.Missing != "") && isTopic(ev) && upto != newest && len(rows[i]) == 0 {
			b.prepareLater(ev, code)
		}
		if r == nil {
			continue
		}
		if found == nil {
			found = make(map[int64]*view.Rendering)
		}
		found[ev.NID] = r
	}
	return found, nil
}

// renderingOf returns what an event shows at a position, nil for itself.
func (b *Bridge) renderingOf(ev *rooms.Event, code language.Code, rows []*view.Rendering, upto int64) (*view.Rendering, error) {
	if r := inForce(rows, upto); r != nil {
		return r, nil
	}
	d := b.decide(ev)
	switch {
	case !d.text:
		return nil, nil
	case d.from == "":
		return keyOnly(ev, code, d, compose.StateNone, translator.ReasonNotText)
	case !d.foreignTo(code):
		return nil, nil
	case len(rows) == 0 && b.isOff(context.Background(), ev.RoomID):
		return keyOnly(ev, code, d, compose.StateNone, translator.ReasonOff)
	}
	return b.unready(ev, code, d, rows, upto)
}

// pending reports whether a translation is under way, or will be as soon as the event has been read, and whether those who
// have the raw text are told of it.
func (b *Bridge) pending(k key, ev *rooms.Event) (pending, told bool) {
	if ev.Position > b.handled.Load() {
		return true, true
	}
	of, pending := b.jobs.find(k)
	return pending, of.told()
}

// keyOnly is an event as it is, with the key that says why. It has no row: it follows from the event, and a pending one
// ends with a row.
func keyOnly(ev *rooms.Event, code language.Code, d decision, state, reason string) (*view.Rendering, error) {
	version := versionOf(ev)
	message := compose.Message{State: state, From: d.from, To: code}
	message.Original.Body, message.Original.FormattedBody = protect.CutReply(version.Get("body").Str, version.Get("formatted_body").Str)
	if reason != "" {
		message.Reasons = []check.Reason{{Code: reason}}
	}
	content, err := keyed(ev, message)
	if err != nil {
		return nil, err
	}
	return &view.Rendering{
		EventNID: ev.NID, EventID: ev.ID, RoomID: ev.RoomID, Language: string(code), Version: ev.NID,
		State: state, Content: content, VersionTS: ev.OriginServerTS,
	}, nil
}

// placedOf returns the placed renderings of each of the events, from memory where they are known.
func (b *Bridge) placedOf(ctx context.Context, code language.Code, events []*rooms.Event) ([][]*view.Rendering, error) {
	found := make([][]*view.Rendering, len(events))
	var missing []int64
	turn := b.hot.now()
	for i, ev := range events {
		d := b.decide(ev)
		if !d.text || d.from == "" || d.live && !d.wantedBy(code) {
			continue
		}
		k := key{ev.NID, code}
		if b.isBare(k) {
			continue
		}
		rows, known := b.hot.get(k)
		if known {
			found[i] = rows
		} else {
			missing = append(missing, ev.NID)
		}
	}
	if len(missing) == 0 {
		return found, b.withPutOff(code, events, found)
	}
	read, err := b.readPlaced(ctx, code, turn, missing)
	if err != nil {
		return nil, err
	}
	for i, ev := range events {
		if rows, ok := read[key{ev.NID, code}]; ok {
			found[i] = rows
		}
	}
	return found, b.withPutOff(code, events, found)
}

// placed is placedOf one event.
func (b *Bridge) placed(ctx context.Context, code language.Code, ev *rooms.Event) ([]*view.Rendering, error) {
	rows, err := b.placedOf(ctx, code, []*rooms.Event{ev})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// readPlaced returns the stored placed renderings of events, and keeps them unless something was committed since turn.
func (b *Bridge) readPlaced(ctx context.Context, code language.Code, turn int64, nids []int64) (map[key][]*view.Rendering, error) {
	stored, err := b.selectPlaced(ctx, nids, code)
	if err != nil {
		return nil, err
	}
	read := make(map[key][]*view.Rendering, len(nids))
	for _, nid := range nids {
		read[key{nid, code}] = nil
	}
	for _, r := range stored {
		k := key{r.EventNID, code}
		read[k] = append(read[k], &r.Rendering)
	}
	b.hot.fill(turn, read)
	return read, nil
}

// offerlessHold bounds how long an event is held for a language that no engine offers: until its row says so.
const offerlessHold = 100 * time.Millisecond

// awaitedUntil returns until when readers may wait for a translation of an event; zero for one that did not just come.
func (b *Bridge) awaitedUntil(ev *rooms.Event) time.Time {
	if ev.Received == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ev.Received).Add(b.o.Config.HoldBudget.Std())
}

// Away implements view.Renderer.
func (b *Bridge) Away() bool { return b.absences.lasting() }

// HoldUntil implements view.Renderer.
func (b *Bridge) HoldUntil(ev *rooms.Event, tag string, upto int64) time.Time {
	budget := b.o.Config.HoldBudget.Std()
	until := b.awaitedUntil(ev)
	if budget <= 0 || !until.After(b.o.Now()) {
		return time.Time{}
	}
	code := b.code(tag)
	d := b.decide(ev)
	if !d.wantedBy(code) {
		return time.Time{}
	}
	room := b.translationIn(context.Background(), ev.RoomID)
	if room == translationOff || b.putOffIn(room, ev, d, code) {
		return time.Time{}
	}
	if d.foreignTo(code) && !b.o.Pipeline.Offers(d.from, code) && budget > offerlessHold {
		until = until.Add(offerlessHold - budget)
	}
	k := key{ev.NID, code}
	pending, _ := b.pending(k, ev)
	rows, known := b.hot.get(k)
	switch {
	case inForce(rows, upto) != nil:
		return time.Time{}
	case pending || known && len(rows) > 0:
		return until
	}
	return time.Time{}
}

// maxRequested bounds the events of one page that are translated.
const maxRequested = 200

// Request implements view.Renderer.
func (b *Bridge) Request(ctx context.Context, tag string, events []*rooms.Event, budget time.Duration) error {
	code := b.code(tag)
	if code == "" || budget <= 0 {
		return nil
	}
	rows, err := b.placedOf(ctx, code, events)
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	var begun []*job
	for i, ev := range slices.Backward(events) {
		d := b.decide(ev)
		if !d.wantedBy(code) || len(begun) == maxRequested || b.isOff(ctx, ev.RoomID) {
			continue
		}
		last := inForce(rows[i], newest)
		k := key{ev.NID, code}
		if last != nil && (b.isAway(ev, d, code) || !b.worthAgain(k, last, d.from)) {
			continue
		}
		var hear hearers
		if last == nil && ev.Position > b.handled.Load() {
			hear = followers // it has just come, and shows so
		}
		j, err := b.begin(waiting, &job{key: k, ev: ev, from: d.from, hearers: hear})
		if errors.Is(err, errStopping) || err != nil && waiting.Err() != nil {
			break // what there was room for has begun, however long it took to find out what is wanted
		}
		if err != nil {
			return fmt.Errorf("asking for a translation: %w", err)
		}
		begun = append(begun, j)
	}
	_ = await(waiting, begun...) // what is not ready by then goes on
	return ctx.Err()
}

// retryEvery is how long a message that could not be translated is left alone.
const retryEvery = time.Minute

// worthAgain reports whether a message that could not be translated when it came may be now.
func (b *Bridge) worthAgain(k key, r *view.Rendering, from language.Code) bool {
	if r.State != string(translator.None) || r.Verdict != "" || !transient(r) {
		return false
	}
	if shown := language.Code(gjson.GetBytes(r.Content, pathKey+".from").Str); shown != "" { // of a copy the language of its original
		from = shown
	}
	if !b.o.Pipeline.Offers(from, k.language) {
		return false
	}
	now := b.o.Now()
	if last, tried := b.retries.Get(k); tried && now.Sub(last) < retryEvery {
		return false
	}
	b.retries.Add(k, now)
	return true
}

// isAway reports whether an event was put off and the engines have no room for it yet: it follows when they have.
func (b *Bridge) isAway(ev *rooms.Event, d decision, code language.Code) bool {
	of, ok := b.scopeOf(ev, d, code)
	return ok && b.absences.covering(of, ev.Position) && !b.o.Pipeline.HasRoom(of.from, of.to, of.local)
}

func transient(r *view.Rendering) bool {
	for _, code := range reasonsIn(r) {
		switch code {
		case translator.ReasonNoEngine, translator.ReasonTimeout, translator.ReasonEngineError, translator.ReasonBusy,
			translator.ReasonOff, translator.ReasonIdentifiers, translator.ReasonSource: // from no engine for the likeliest language, too
			return true
		}
	}
	return false
}
