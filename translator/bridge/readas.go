package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// keyReadAs is the content key of what the sender of an answer had read.
const keyReadAs = view.ReadAsKey

// maxReadAs is how many letters of a translation its author is shown.
const maxReadAs = 500

// followAnswer tells the author of a message that holds a dose, drug, side or negation how it was read by whoever answers it
// (TRANSLATION 17), and checks what is read back of an order. Author and reader are of this node: what others read here
// nobody elsewhere is told.
func (b *Bridge) followAnswer(ctx context.Context, ev *rooms.Event) error {
	if ev.Relation.Type == relReplace || ev.Sender == b.bot || !b.talk.isLocal(ev.Sender) || b.o.Appservice(ev.Sender) {
		return nil
	}
	answered, err := b.answered(ctx, ev)
	if err != nil || answered == nil || answered.Sender == ev.Sender || !b.talk.isLocal(answered.Sender) || answered.Sender == b.bot {
		return err
	}
	if err := b.tellReadAs(ctx, ev, answered); err != nil {
		return err
	}
	return b.checkReadBack(ctx, ev, answered)
}

// answered returns the message that an event answers: the one it replies to, else the root of its thread; nil for none.
func (b *Bridge) answered(ctx context.Context, ev *rooms.Event) (*rooms.Event, error) {
	content := ev.Content()
	if !mayHave(content.Raw, pathRelates) {
		return nil, nil
	}
	relates := content.Get(pathRelates)
	id := relates.Get(`m\.in_reply_to.event_id`).Str
	if ev.Relation.Type == "m.thread" && (id == "" || relates.Get("is_falling_back").Bool()) {
		id = ev.Relation.EventID
	}
	if id == "" {
		return nil, nil
	}
	found, err := b.o.Rooms.EventsByID(ctx, []string{id})
	if err != nil {
		return nil, fmt.Errorf("reading what is answered: %w", err)
	}
	answered := found[id]
	if answered == nil || answered.RoomID != ev.RoomID || !isTextType(answered.Type) {
		return nil, nil
	}
	redacted, err := b.o.Rooms.Redacted(ctx, []string{id})
	if err != nil || redacted[id] != nil {
		return nil, err
	}
	return b.messageOf(ctx, answered)
}

func (b *Bridge) tellReadAs(ctx context.Context, ev, answered *rooms.Event) error {
	tag, mode, err := b.o.Accounts.RoomLanguage(ctx, ev.Sender, ev.RoomID)
	code := b.code(tag)
	if err != nil || mode == view.ModeOff || code == "" {
		return err
	}
	versions, err := b.talk.newestOf(ctx, []*rooms.Event{answered})
	if err != nil {
		return err
	}
	found, err := b.placed(ctx, code, versions[0])
	if err != nil {
		return err
	}
	r := inForce(found, ev.Position)
	if r == nil || len(r.Parts) == 0 {
		return nil
	}
	var p parts
	if err := json.Unmarshal(r.Parts, &p); err != nil {
		return fmt.Errorf("reading a stored translation: %w", err)
	}
	if len(p.Invariants) == 0 {
		return nil
	}
	reader := b.talk.languageOf(ctx, answered.Sender, ev.RoomID)
	text := "🌐 " + language.Say(reader, "read_as", "language", code.Name(reader), "text", clipped(p.Body, maxReadAs),
		"verdict", language.String(reader, "verdict_"+r.Verdict))
	return b.tellMore(ctx, answered.Sender, ev, noticeReadAs, text, map[string]any{keyReadAs: map[string]any{
		"event_id": versions[0].ID, "language": code, "engine": p.Engine, "verdict": p.Verdict, "reasons": reasonsIn(r), "text": p.Body,
	}})
}

func clipped(text string, letters int) string {
	runes := []rune(text)
	if len(runes) <= letters {
		return text
	}
	return string(runes[:letters]) + "…"
}

// maxAsked bounds the members of whom an order asks to be read back: in a room of more it is not meant for each of them.
const maxAsked = 50

// askReadBack asks those who may carry out an order to repeat it, where the room's moderators want that. Each member of this
// node is asked in their own language and alone.
func (b *Bridge) askReadBack(ctx context.Context, ev *rooms.Event) error {
	if ev.Relation.Type == relReplace || ev.Received == 0 {
		return nil
	}
	room, err := b.o.Rooms.Snapshot(ctx, ev.RoomID)
	if err != nil {
		return ignoreMissing(err)
	}
	settings, err := b.settingsOf(ctx, room)
	if err != nil || !settings.Readback || room.LocalJoined() > maxAsked {
		return err
	}
	if answered, err := b.answered(ctx, ev); err != nil || answered != nil {
		return err // what answers an order is no order
	}
	if !isOrder(b.invariantsOf(ev)) {
		return nil
	}
	for _, user := range room.LocalMembers() {
		if user == ev.Sender || user == b.bot || b.o.Appservice(user) {
			continue
		}
		text := language.Say(b.talk.languageOf(ctx, user, ev.RoomID), "readback_request")
		if err := b.tell(ctx, user, ev, noticeOrder, "🌐 "+text); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bridge) invariantsOf(ev *rooms.Event) []check.Invariant {
	w, ok := b.wordsOf(ev)
	if !ok {
		return nil
	}
	return check.Invariants(w.text, b.decide(ev).from)
}

// isOrder reports whether a message looks like an order: it names a drug and a dose.
func isOrder(of []check.Invariant) bool {
	return hasKind(of, check.KindDrug) && hasKind(of, check.KindDose)
}

func hasKind(of []check.Invariant, kind check.Kind) bool {
	return slices.ContainsFunc(of, func(i check.Invariant) bool { return i.Kind == kind })
}

// readBackItems are the findings that concern an order; the others are about translations.
var readBackItems = []string{"number", "decimal", "dose", "unit", "drug", "frequency", "route", "side", "negation"}

// checkReadBack compares what is read back with the order, and tells its author and whoever answered.
func (b *Bridge) checkReadBack(ctx context.Context, ev, order *rooms.Event) error {
	room, err := b.o.Rooms.Snapshot(ctx, ev.RoomID)
	if err != nil {
		return ignoreMissing(err)
	}
	settings, err := b.settingsOf(ctx, room)
	if err != nil || !settings.Readback || !isOrder(b.invariantsOf(order)) {
		return err
	}
	said := b.invariantsOf(ev)
	if !hasKind(said, check.KindDrug) && !hasKind(said, check.KindDose) {
		return nil // "on my way" reads nothing back
	}
	ordered, _ := b.wordsOf(order)
	repeatedWords, _ := b.wordsOf(ev)
	report := check.Compare(lineOf(ordered.text), lineOf(replies.WithoutFallback(repeatedWords.text)), b.decide(order).from, b.decide(ev).from)
	reasons := slices.DeleteFunc(report.Reasons, func(r check.Reason) bool { return !slices.Contains(readBackItems, r.Code) })
	for _, user := range []string{order.Sender, ev.Sender} {
		reader := b.talk.languageOf(ctx, user, ev.RoomID)
		text := language.Say(reader, "readback_same")
		if len(reasons) > 0 {
			text = language.Say(reader, "readback_differs", "items", compose.Findings(reader, reasons))
		}
		if err := b.tell(ctx, user, ev, noticeReadBack, "🌐 "+text); err != nil {
			return err
		}
	}
	return nil
}

// lineOf makes one line of a text: the order of its lines says nothing in another language.
func lineOf(text string) []string { return []string{strings.Join(strings.Fields(text), " ")} }
