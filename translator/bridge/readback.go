package bridge

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// maxAsked bounds the members of whom an order asks to be read back: in a room of more it is not meant for each of them.
const maxAsked = 50

// askReadBack asks those who may carry out an order to repeat it, where the room's moderators want that: once for each version
// that orders something else. Each member of this node is asked in their own language and alone.
func (b *Bridge) askReadBack(ctx context.Context, ev *rooms.Event) error {
	room, err := b.o.Rooms.Snapshot(ctx, ev.RoomID)
	if err != nil {
		return ignoreMissing(err)
	}
	settings, err := b.settingsOf(ctx, room)
	if err != nil || !settings.Readback || room.LocalJoined() > maxAsked {
		return err
	}
	message, err := b.messageOf(ctx, ev)
	if err != nil {
		return err
	}
	if answered, err := b.answered(ctx, message); err != nil || answered != nil {
		return err // what answers an order is no order
	}
	if fresh, err := b.ordersAnew(ctx, ev, message); err != nil || !fresh {
		return err
	}
	for _, user := range room.LocalMembers() {
		if user == ev.Sender || user == b.bot || b.o.Appservice(user) {
			continue
		}
		text := language.Say(b.talk.languageOf(ctx, user, ev.RoomID), "readback_request")
		if err := b.tell(ctx, user, message, orderKind(ev, message), "🌐 "+text); err != nil {
			return err
		}
	}
	return nil
}

// orderKind is the kind of notice that asks for a read-back of a version of a message.
func orderKind(version, message *rooms.Event) string {
	if version.NID == message.NID {
		return noticeOrder
	}
	return noticeOrder + " " + strconv.FormatInt(version.NID, 10)
}

// ordersAnew reports whether a version of a message is an order, and another one than was asked for last.
func (b *Bridge) ordersAnew(ctx context.Context, version, message *rooms.Event) (bool, error) {
	if version.Relation.Type == relReplace && version.NID == message.NID {
		return false, nil // an edit of nothing
	}
	ordered, err := b.invariantsOf(ctx, version)
	if err != nil || !isOrder(ordered) || version.NID == message.NID {
		return isOrder(ordered), err
	}
	kind, err := b.lastOrderKind(ctx, message.NID)
	if err != nil || kind == "" || kind == orderKind(version, message) {
		return true, err
	}
	last, err := b.orderOfKind(ctx, kind, message)
	if err != nil || last == nil {
		return true, err
	}
	before, err := b.invariantsOf(ctx, last)
	return !slices.Equal(before, ordered), err
}

// orderOfKind returns the version of a message that a notice asked to be read back, nil when it is gone.
func (b *Bridge) orderOfKind(ctx context.Context, kind string, message *rooms.Event) (*rooms.Event, error) {
	if kind == noticeOrder {
		return message, nil
	}
	nid, err := strconv.ParseInt(strings.TrimPrefix(kind, noticeOrder+" "), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading what was to be read back: %w", err)
	}
	return b.versionOfNID(ctx, nid)
}

// invariantsOf lists what of an event's words must be the same in every language.
func (b *Bridge) invariantsOf(ctx context.Context, ev *rooms.Event) ([]check.Invariant, error) {
	text, from, err := b.saidIn(ctx, ev)
	if err != nil || text == "" {
		return nil, err
	}
	return check.Invariants(text, from), nil
}

// saidIn returns the words of an event and their language: of a voice message what was understood of it, once it is written
// down.
func (b *Bridge) saidIn(ctx context.Context, ev *rooms.Event) (text string, from language.Code, err error) {
	if !b.isVoice(ev) {
		w, _ := b.wordsOf(ev)
		return w.text, b.decide(ev).from, nil
	}
	rows, err := b.selectSpoken(ctx, ev.NID)
	if err != nil || len(rows) == 0 {
		return "", "", err
	}
	key := gjson.GetBytes(rows[0].Content, pathKey)
	return key.Get("original.body").Str, language.Code(key.Get("from").Str), nil
}

// followSpoken does for a voice message, once it is written down, what followMessage does for words.
func (b *Bridge) followSpoken(ctx context.Context, ev *rooms.Event) error {
	if err := b.followAnswer(ctx, ev); err != nil {
		return err
	}
	return b.askReadBack(ctx, ev)
}

// isOrder reports whether a message looks like an order: it names a drug and a dose.
func isOrder(of []check.Invariant) bool {
	return hasKind(of, check.KindDrug) && hasKind(of, check.KindDose)
}

func hasKind(of []check.Invariant, kind check.Kind) bool {
	return slices.ContainsFunc(of, func(i check.Invariant) bool { return i.Kind == kind })
}

// readBackItems are the findings that concern an order; the others are about translations.
var readBackItems = []string{"number", "decimal", "dose", "unit", "blood_pressure", "drug", "frequency", "route", "side", "negation", "date"}

// concernsOrder reports whether a finding says that an order was read otherwise. A time that only the answer names is no other one
// than was ordered: mostly it is when the order is carried out.
func concernsOrder(r check.Reason) bool {
	return slices.Contains(readBackItems, r.Code) && (r.Code != "date" || r.Original != "")
}

// checkReadBack compares what is read back with the order as it stands, and tells its author and whoever answered.
func (b *Bridge) checkReadBack(ctx context.Context, ev, answered *rooms.Event) error {
	room, err := b.o.Rooms.Snapshot(ctx, ev.RoomID)
	if err != nil {
		return ignoreMissing(err)
	}
	settings, err := b.settingsOf(ctx, room)
	if err != nil || !settings.Readback {
		return err
	}
	versions, err := b.talk.newestOf(ctx, []*rooms.Event{answered})
	if err != nil {
		return err
	}
	reasons, compared, err := b.compareReadBack(ctx, ev, versions[0])
	if err != nil || !compared {
		return err
	}
	for _, user := range []string{answered.Sender, ev.Sender} {
		reader := b.talk.languageOf(ctx, user, ev.RoomID)
		text := language.Say(reader, "readback_same")
		if len(reasons) > 0 {
			text = language.Say(reader, "readback_differs", "items", compose.ReadBackFindings(reader, reasons))
		}
		told := telling{about: ev, kind: noticeReadBack, text: "🌐 " + text, words: &subject{answered, versions[0]}}
		if err := b.tellWith(ctx, user, told); err != nil {
			return err
		}
	}
	return nil
}

// compareReadBack finds how an answer differs from an order; compared is false when the one is no order or the other reads
// nothing back ("on my way").
func (b *Bridge) compareReadBack(ctx context.Context, ev, order *rooms.Event) (reasons []check.Reason, compared bool, err error) {
	ordered, orderedIn, err := b.saidIn(ctx, order)
	if err != nil || !isOrder(check.Invariants(ordered, orderedIn)) {
		return nil, false, err
	}
	repeated, repeatedIn, err := b.saidIn(ctx, ev)
	if err != nil {
		return nil, false, err
	}
	back := check.Invariants(repeated, repeatedIn)
	if !hasKind(back, check.KindDrug) && !hasKind(back, check.KindDose) {
		return nil, false, nil
	}
	reasons = check.CompareReadBack(lineOf(ordered), lineOf(replies.WithoutFallback(repeated)), orderedIn, repeatedIn)
	return slices.DeleteFunc(reasons, func(r check.Reason) bool { return !concernsOrder(r) }), true, nil
}

// lineOf makes one line of a text: the order of its lines says nothing in another language.
func lineOf(text string) string { return strings.Join(strings.Fields(text), " ") }
