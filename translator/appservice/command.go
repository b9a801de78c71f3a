package appservice

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"medixchange/translator"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// Command implements replies.Host. Who asks too much is told so once. A command that fails is answered, too, and not tried again.
func (h *house) Command(ctx context.Context, roomID, userID string, c replies.Command) (answer string, ok bool, err error) {
	limited, cancel := context.WithTimeout(ctx, replies.CommandTimeout)
	defer cancel()
	members, err := h.membersOf(limited, roomID)
	if err != nil {
		return "", false, err
	}
	alone := len(members) <= 1
	if c.Name == "" && !alone {
		return "", false, nil
	}
	reader := h.Reads(ctx, userID, roomID)
	if allowed, wait := h.commands.Of(userID).Take(h.s.o.Now()); !allowed {
		return language.Say(reader, "error_wait", "count", strconv.Itoa(wait)), wait > 0, nil
	}
	answer, err = h.answer(limited, place{roomID, userID}, c, alone)
	if ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	if err != nil {
		h.s.o.Log.WithError(err).WithField("room", roomID).WithField("command", c.Name).Error("a command to the translation bot failed")
		return language.Say(reader, "error_failed"), true, nil
	}
	return answer, true, nil
}

// answer carries a command out, of somebody who may be alone with the bot.
func (h *house) answer(ctx context.Context, at place, c replies.Command, alone bool) (string, error) {
	reader := h.Reads(ctx, at.user, at.room)
	switch c.Name {
	case "":
		return language.Say(reader, "bot_unknown_command"), nil
	case replies.CommandLang:
		if alone {
			at.room = "" // what is said to the bot alone holds everywhere
		}
		return h.answerLang(ctx, at, reader, c.Rest)
	case replies.CommandLanguages:
		readers, err := h.Readers(ctx, at.room)
		return readers.Under(language.Say(reader, "bot_languages", "languages", h.names(reader)), reader), err
	case replies.CommandHelp:
		return h.help(reader), nil
	case replies.CommandTranslate:
		return h.answerTranslate(ctx, at.room, reader, c)
	case replies.CommandTranslation:
		return h.answerTranslation(ctx, at, reader, c)
	}
	return h.notHere(ctx, at.room, reader, c)
}

// notHere says why there is no answer to a command that a homeserver of ours would answer.
func (h *house) notHere(ctx context.Context, roomID string, reader language.Code, c replies.Command) (string, error) {
	if c.Name != replies.CommandOriginal && c.Name != replies.CommandRepost {
		return language.Say(reader, "bot_elsewhere"), nil
	}
	encrypted, err := h.isEncrypted(ctx, roomID)
	if err != nil {
		return "", err
	}
	if encrypted {
		return language.Say(reader, "encrypted_no_history"), nil
	}
	return language.Say(reader, "bot_elsewhere"), nil
}

func (h *house) names(reader language.Code) string {
	names := make([]string, 0, len(h.s.o.Languages))
	for _, code := range h.s.o.Languages {
		names = append(names, string(code)+" ("+code.Name(reader)+")")
	}
	return language.List(reader, names)
}

// answerLang shows or changes what a member reads.
func (h *house) answerLang(ctx context.Context, at place, reader language.Code, wanted string) (string, error) {
	originals := language.Code("")
	switch replies.SettingWord(wanted) {
	case "":
		if code, ok := h.chosen(at.user, at.room); ok && code != "" {
			return language.Say(reader, "bot_lang_current", "language", code.Name(reader)), nil
		}
		return language.Say(reader, "bot_lang_off"), nil
	case "off":
		return language.Say(reader, "bot_lang_off"), h.choose(ctx, at, &originals)
	case "auto":
		return language.Say(reader, "bot_lang_off"), h.choose(ctx, at, nil)
	}
	code, ok := h.offered(wanted)
	if !ok {
		return language.Say(reader, "bot_lang_unknown", "text", shortened(wanted), "languages", h.names(reader)), nil
	}
	// What the string says of !repost is for our own node: nothing is shown again here.
	return language.Say(code, "bot_lang_current", "language", code.Name(code)), h.choose(ctx, at, &code)
}

func (h *house) offered(name string) (language.Code, bool) {
	code, ok := language.ByName(name)
	return code, ok && slices.Contains(h.s.o.Languages, code)
}

// answerTranslate translates a text that is given with its language, by engines that may see what is said in the room.
func (h *house) answerTranslate(ctx context.Context, roomID string, reader language.Code, c replies.Command) (string, error) {
	name, text := c.Cut()
	code, ok := h.offered(name)
	switch {
	case name == "":
		return language.Say(reader, "error_no_text", "example", "!translate es paracetamol 1 g"), nil
	case !ok:
		return language.Say(reader, "bot_lang_unknown", "text", shortened(name), "languages", h.names(reader)), nil
	case text == "":
		return language.Say(reader, "error_no_text", "example", "!translate "+string(code)+" paracetamol 1 g"), nil
	}
	if compose.IsCopy(text) {
		return language.Say(reader, "not_translated", "reason", language.String(reader, "reason_copy")), nil
	}
	setting := h.translationIn(ctx, roomID)
	if setting == replies.TranslationOff {
		return language.Say(reader, "room_translation_off"), nil
	}
	result, err := h.s.o.Pipeline.Translate(ctx, translator.Request{
		Text: text, SenderLanguage: reader, Target: code, Local: setting == replies.TranslationLocal,
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return language.Say(reader, "not_translated", "reason", language.String(reader, "reason_timeout")), nil
	}
	if err != nil {
		return "", err
	}
	if result.State == translator.Same {
		return text, nil
	}
	return compose.Answer(result.Message(), reader), nil
}

// maxEcho is how many letters of what a user wrote an answer repeats.
const maxEcho = 60

func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= maxEcho {
		return text
	}
	return string(runes[:maxEcho]) + "…"
}
