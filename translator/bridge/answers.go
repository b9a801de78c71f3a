package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// answer carries a command out and returns what the bot says.
func (t *talk) answer(ctx context.Context, a *asked) (string, error) {
	if a.encrypted && (a.Name == replies.CommandOriginal || a.Name == replies.CommandRepost) {
		return language.Say(a.reader, "encrypted_no_history"), nil
	}
	switch a.Name {
	case replies.CommandLang:
		return t.answerLang(ctx, a)
	case replies.CommandMode:
		return t.answerMode(ctx, a)
	case replies.CommandLanguages:
		readers, err := t.b.People().Readers(ctx, a.ev.RoomID)
		return readers.Under(language.Say(a.reader, "bot_languages", "languages", t.languageNames(a.reader)), a.reader), err
	case replies.CommandHelp:
		return t.help(a.reader), nil
	case replies.CommandOriginal:
		return t.answerOriginal(ctx, a)
	case replies.CommandTranslate:
		return t.answerTranslate(ctx, a)
	case replies.CommandRepost:
		return t.answerRepost(ctx, a)
	case replies.CommandGlossary:
		return t.answerGlossary(ctx, a)
	case replies.CommandReadback, replies.CommandTranslation:
		return t.answerSetting(ctx, a)
	case replies.CommandHandbook:
		return t.answerHandbook(ctx, a)
	case replies.CommandWho:
		return t.answerWho(ctx, a)
	case replies.CommandDirectory:
		return t.answerDirectory(ctx, a)
	case replies.CommandDuty:
		return t.answerDuty(ctx, a)
	case replies.CommandConference:
		return t.answerConference(ctx, a)
	}
	return language.Say(a.reader, "bot_unknown_command"), nil
}

func (t *talk) help(reader language.Code) string {
	lines := []string{language.Say(reader, "help_intro")}
	for _, name := range []string{replies.CommandLang, replies.CommandMode, replies.CommandLanguages, replies.CommandOriginal, replies.CommandTranslate, replies.CommandRepost, replies.CommandGlossary, replies.CommandHandbook, replies.CommandConference, replies.CommandWho, replies.CommandDirectory, replies.CommandDuty, "suggest", "topics", "room", replies.CommandHelp} {
		if !t.b.has(name) {
			continue
		}
		lines = append(lines, language.Say(reader, "help_"+name, language.SettingPairs(reader)...))
	}
	return strings.Join(lines, "\n")
}

// has reports whether there is what a command asks.
func (b *Bridge) has(command string) bool {
	switch command {
	case replies.CommandHandbook:
		return b.o.Handbook != nil
	case replies.CommandWho, replies.CommandDirectory, replies.CommandDuty:
		return b.o.Directory != nil
	case replies.CommandConference:
		return b.o.Conferences != nil
	}
	return true
}

func (t *talk) languageNames(reader language.Code) string {
	names := make([]string, 0, len(t.b.languages))
	for _, code := range t.b.languages {
		names = append(names, string(code)+" ("+code.Name(reader)+")")
	}
	return language.List(reader, names)
}

// maxEcho is how many letters of what a user wrote an answer repeats.
const maxEcho = 60

func shortened(text string) string {
	runes := []rune(compose.WithoutDirections(text)) // they would turn the words around them
	if len(runes) <= maxEcho {
		return string(runes)
	}
	return string(runes[:maxEcho]) + "…"
}

// lookBack is how many events before a command are looked through.
const lookBack = 100

// before returns the messages before a command that the asker may see, newest first, without commands and the bot's words.
func (t *talk) before(ctx context.Context, a *asked, viewer view.Viewer) ([]*rooms.Event, error) {
	page, err := t.b.o.Rooms.Timeline(ctx, a.ev.RoomID, a.ev.Key, rooms.HistoryKey{Anchor: math.MinInt64}, rooms.Backward, lookBack, false)
	if err != nil {
		return nil, fmt.Errorf("reading what was said before: %w", err)
	}
	visible, err := t.view.Visible(ctx, viewer, a.ev.RoomID, page.Events)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(visible))
	for _, ev := range visible {
		ids = append(ids, ev.ID)
	}
	redacted, err := t.b.o.Rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading what was redacted: %w", err)
	}
	return slices.DeleteFunc(visible, func(ev *rooms.Event) bool {
		return redacted[ev.ID] != nil || ev.Relation.Type == relReplace || ev.StateKey != nil || !t.b.decide(ev).text
	}), nil
}

// answerOriginal shows the original of the message that is replied to or named, else of the last one that was translated.
func (t *talk) answerOriginal(ctx context.Context, a *asked) (string, error) {
	viewer, err := t.view.Viewer(ctx, a.ev.Sender, "", "")
	if err != nil {
		return "", err
	}
	ev, err := t.originalFor(ctx, a, viewer)
	if err != nil {
		return "", err
	}
	if ev == nil {
		return language.Say(a.reader, "bot_original_none"), nil
	}
	versions, err := t.newestOf(ctx, []*rooms.Event{ev})
	if err != nil {
		return "", err
	}
	of, gone, err := t.b.subjectOf(ctx, versions[0])
	if err != nil {
		return "", err
	}
	text, from, err := t.b.saidIn(ctx, of.version)
	if err != nil {
		return "", err
	}
	if text == "" || gone {
		return language.Say(a.reader, "bot_original_none"), nil
	}
	a.words = &of
	return language.Say(a.reader, "bot_original", "language", from.Name(a.reader), "text", text), nil
}

func (t *talk) originalFor(ctx context.Context, a *asked, viewer view.Viewer) (*rooms.Event, error) {
	named := a.Rest
	if named == "" {
		named = a.ev.Content().Get(pathRelates + `.m\.in_reply_to.event_id`).Str
	}
	if !strings.HasPrefix(named, "$") {
		said, err := t.before(ctx, a, viewer)
		if err != nil {
			return nil, err
		}
		for _, ev := range said {
			if ev.Sender != a.ev.Sender && t.b.decide(ev).wantedBy(a.reader) {
				return ev, nil
			}
		}
		return nil, nil
	}
	real, _, err := t.view.MapID(ctx, viewer, named)
	if err != nil {
		return nil, err
	}
	found, err := t.b.o.Rooms.EventsByID(ctx, []string{real})
	if err != nil {
		return nil, fmt.Errorf("reading the message that is asked for: %w", err)
	}
	ev := found[real]
	if ev == nil || ev.RoomID != a.ev.RoomID {
		return nil, nil
	}
	visible, err := t.view.Visible(ctx, viewer, ev.RoomID, []*rooms.Event{ev})
	if err != nil || len(visible) == 0 {
		return nil, err
	}
	redacted, err := t.b.o.Rooms.Redacted(ctx, []string{ev.ID})
	if err != nil || redacted[ev.ID] != nil {
		return nil, err
	}
	return ev, nil
}

// answerTranslate translates a text that the asker gives with its language.
func (t *talk) answerTranslate(ctx context.Context, a *asked) (string, error) {
	tag, text := a.Cut()
	if tag == "" {
		return language.Say(a.reader, "error_no_text", "example", "!translate es paracetamol 1 g"), nil
	}
	named, ok := language.ByName(tag)
	code := t.b.code(string(named))
	if !ok || code == "" {
		return language.Say(a.reader, "bot_lang_unknown", "text", shortened(tag), "languages", t.languageNames(a.reader)), nil
	}
	if text == "" {
		return language.Say(a.reader, "error_no_text", "example", "!translate "+string(code)+" paracetamol 1 g"), nil
	}
	if compose.IsCopy(text) {
		return language.Say(a.reader, "not_translated", "reason", language.String(a.reader, "reason_copy")), nil
	}
	room := t.b.translationIn(ctx, a.ev.RoomID)
	if room == translationOff {
		return language.Say(a.reader, "room_translation_off"), nil
	}
	result, err := t.b.o.Pipeline.Translate(ctx, translator.Request{Text: text, SenderLanguage: a.reader, Target: code, Local: room == translationLocal})
	if errors.Is(err, context.DeadlineExceeded) {
		words := language.String(a.reader, "reason_timeout")
		return language.Say(a.reader, "not_translated", "reason", words), nil
	}
	if err != nil {
		return "", err
	}
	return compose.Answer(result.Message(), a.reader), nil
}

const (
	maxRepost      = 20
	maxRepostBytes = 24 << 10
	repostBudget   = 5 * time.Second
)

// answerRepost shows the last messages again, as the asker reads them now (TRANSLATION 8).
func (t *talk) answerRepost(ctx context.Context, a *asked) (string, error) {
	count := maxRepost
	if a.Rest != "" {
		wanted, err := strconv.Atoi(a.Rest)
		if err != nil || wanted < 1 || wanted > maxRepost {
			return language.Say(a.reader, "bot_repost_limit", "count", strconv.Itoa(maxRepost)), nil
		}
		count = wanted
	}
	viewer, err := t.view.Viewer(ctx, a.ev.Sender, "", "")
	if err != nil {
		return "", err
	}
	said, err := t.before(ctx, a, viewer)
	if err != nil {
		return "", err
	}
	said = said[:min(count, len(said))]
	slices.Reverse(said)
	if len(said) == 0 {
		return language.Say(a.reader, "bot_original_none"), nil
	}
	versions, err := t.newestOf(ctx, said)
	if err != nil {
		return "", err
	}
	if err := t.b.Request(ctx, string(a.reader), versions, repostBudget); err != nil {
		return "", err
	}
	shown, err := t.view.Show(ctx, viewer, versions, view.ShowOptions{})
	if err != nil {
		return "", err
	}
	return t.repost(ctx, a.reader, shown), nil
}

// newestOf returns for each message the version that is in force.
func (t *talk) newestOf(ctx context.Context, said []*rooms.Event) ([]*rooms.Event, error) {
	ids := make([]string, 0, len(said))
	for _, ev := range said {
		ids = append(ids, ev.ID)
	}
	found, err := t.b.o.Rooms.Aggregates(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("looking for newer edits: %w", err)
	}
	versions := slices.Clone(said)
	for i, ev := range said {
		if edit := found[ev.ID].Edit; edit != nil {
			versions[i] = edit
		}
	}
	return versions, nil
}

// repost writes messages as one text; when it becomes too long the oldest are left out.
func (t *talk) repost(ctx context.Context, reader language.Code, shown []json.RawMessage) string {
	names := map[string]string{}
	var parts []string
	size := 0
	for _, raw := range slices.Backward(shown) {
		event := gjson.ParseBytes(raw)
		content := event.Get("content")
		if changed := content.Get(pathNewContent); changed.IsObject() {
			content = changed
		}
		part := compose.Said(reader, t.nameOf(ctx, names, event.Get("room_id").Str, event.Get("sender").Str), content.Get("body").Str)
		if size += len(part); size > maxRepostBytes {
			break
		}
		parts = append(parts, part)
	}
	parts = append(parts, language.Say(reader, "repost_done", "count", strconv.Itoa(len(parts))))
	slices.Reverse(parts)
	return strings.Join(parts, "\n\n")
}

func (t *talk) nameOf(ctx context.Context, names map[string]string, roomID, userID string) string {
	if name, ok := names[userID]; ok {
		return name
	}
	names[userID] = userID
	member, err := t.b.o.Rooms.StateEvent(ctx, roomID, "m.room.member", userID)
	if err == nil {
		if name := member.Content().Get("displayname").Str; name != "" {
			names[userID] = name
		}
	}
	return names[userID]
}
