package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/config"
	"medixchange/rooms/view"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// CheckLanguage returns what says in a sentence why a language that a user chooses cannot be read on this node: it is no
// language, or none of those that the configuration lists. It is for accounts.Options.
func CheckLanguage(c config.Translator) (func(tag string) error, error) {
	offered, err := languagesOf(c)
	if err != nil {
		return nil, err
	}
	return func(tag string) error {
		code, err := language.Parse(tag)
		if err == nil {
			code, _ = code.Nearest(func(code language.Code) bool { return slices.Contains(offered, code) })
		}
		if err != nil || code == "" {
			return fmt.Errorf("nothing is translated into %q here; there are %s", shortened(tag), listed(offered))
		}
		return nil
	}, nil
}

func listed(codes []language.Code) string {
	tags := make([]string, 0, len(codes))
	for _, code := range codes {
		tags = append(tags, string(code))
	}
	return strings.Join(tags, ", ")
}

// choice is what of org.medixchange.language a user has said for a room, or in general.
type choice struct {
	Language string `json:"language,omitempty"`
	Mode     string `json:"mode,omitempty"`
	Topics   *bool  `json:"topics,omitempty"`
}

// placeOf is where a choice holds: everywhere when it is said to the bot alone, else in the room.
func placeOf(a *asked) (roomID string) {
	if a.direct {
		return ""
	}
	return a.ev.RoomID
}

// change changes one choice of the asker and leaves the rest of it as it is.
func (t *talk) change(ctx context.Context, a *asked, fn func(*choice)) error {
	var c choice
	raw, err := t.b.o.Accounts.AccountData(ctx, a.ev.Sender, placeOf(a), typeLanguage)
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return fmt.Errorf("reading a choice of language: %w", err)
	}
	if err == nil && json.Unmarshal(raw, &c) != nil {
		c = choice{} // stored before it was checked
	}
	fn(&c)
	content, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing a choice of language: %w", err)
	}
	if err := t.b.o.Accounts.SetAccountData(ctx, a.ev.Sender, placeOf(a), typeLanguage, content); err != nil {
		return fmt.Errorf("storing a choice of language: %w", err)
	}
	return nil
}

// auto is what users write to go back to what holds in general.
const auto = "auto"

// answerLang shows or changes what the asker reads.
func (t *talk) answerLang(ctx context.Context, a *asked) (string, error) {
	wanted := replies.SettingWord(a.Rest)
	if wanted == "" {
		return t.currentLanguage(ctx, a, "bot_lang_current")
	}
	change := func(c *choice) { *c = choice{Topics: c.Topics} }
	switch wanted {
	case auto:
	case view.ModeOff:
		change = func(c *choice) { c.Mode = view.ModeOff }
	default:
		named, ok := language.ByName(a.Rest)
		code := t.b.code(string(named))
		if !ok || code == "" {
			return language.Say(a.reader, "bot_lang_unknown", "text", shortened(a.Rest), "languages", t.languageNames(a.reader)), nil
		}
		if change, ok = t.reading(ctx, a, code); !ok {
			return "", errors.New("reading a choice of language failed")
		}
	}
	if err := t.change(ctx, a, change); err != nil {
		return "", err
	}
	if wanted == auto && !a.direct {
		general, err := t.currentLanguage(ctx, a, "bot_lang_current")
		return language.Say(a.reader, "room_reset") + " " + general, err
	}
	return t.currentLanguage(ctx, a, "bot_lang_set")
}

// reading is the choice of a language. Who had translation off has it on again, in the room and in general.
func (t *talk) reading(ctx context.Context, a *asked, code language.Code) (change func(*choice), ok bool) {
	_, mode, err := t.b.o.Accounts.RoomLanguage(ctx, a.ev.Sender, placeOf(a))
	if err != nil {
		return nil, false
	}
	return func(c *choice) {
		c.Language = string(code)
		if mode == view.ModeOff {
			c.Mode = view.ModeInPlace
		}
	}, true
}

// currentLanguage says what the asker reads, in that language.
func (t *talk) currentLanguage(ctx context.Context, a *asked, key string) (string, error) {
	tag, mode, err := t.b.o.Accounts.RoomLanguage(ctx, a.ev.Sender, placeOf(a))
	if err != nil {
		return "", fmt.Errorf("reading a choice of language: %w", err)
	}
	code := t.b.code(tag)
	if mode == view.ModeOff || code == "" {
		return language.Say(a.reader, "bot_lang_off"), nil
	}
	if key == "bot_lang_current" {
		return language.Say(a.reader, key, "language", code.Name(a.reader)), nil
	}
	if !a.direct {
		key = "room_lang_set"
	}
	return language.Say(code, key, "language", code.Name(code)), nil
}

// answerMode shows or changes how the asker reads.
func (t *talk) answerMode(ctx context.Context, a *asked) (string, error) {
	wanted := replies.SettingWord(a.Rest)
	switch {
	case wanted == "":
	case wanted == auto:
		if err := t.change(ctx, a, func(c *choice) { c.Mode = "" }); err != nil {
			return "", err
		}
	case slices.Contains(view.Modes, wanted):
		if err := t.change(ctx, a, func(c *choice) { c.Mode = wanted }); err != nil {
			return "", err
		}
	default:
		return language.Say(a.reader, "error_mode", append(language.SettingPairs(a.reader), "text", shortened(a.Rest))...), nil
	}
	_, mode, err := t.b.o.Accounts.RoomLanguage(ctx, a.ev.Sender, placeOf(a))
	if err != nil {
		return "", fmt.Errorf("reading a choice of mode: %w", err)
	}
	key := "room_mode_set"
	if a.direct {
		key = "mode_set"
	}
	answer := language.Say(a.reader, key, "mode", language.String(a.reader, "mode_"+mode))
	if mode != view.ModeThread || a.direct {
		return answer, nil
	}
	threads, err := t.b.Threads(ctx, a.ev.RoomID)
	if err == nil && !threads {
		answer += " " + language.Say(a.reader, "mode_no_threads")
	}
	return answer, err
}

// answerTopics changes whether the asker reads topics of rooms in translation.
func (t *talk) answerTopics(ctx context.Context, a *asked, wanted string) (string, error) {
	if wanted != "on" && wanted != "off" {
		return language.Say(a.reader, "error_usage", "example", replies.Example(a.reader, a.Name, replies.SettingTopics, "on")), nil
	}
	topics := wanted == "on"
	if err := t.change(ctx, a, func(c *choice) { c.Topics = &topics }); err != nil {
		return "", err
	}
	return language.Say(a.reader, "topics_"+wanted), nil
}
