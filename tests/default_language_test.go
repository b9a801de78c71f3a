package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
	"medixchange/translator/phrases"
)

// spanishHospital is one whose members read Spanish unless they say otherwise, with the phrase memory as its engine.
type spanishHospital struct {
	*signOns
	memory *phrases.Memory
	eva    *testhospital.User // who makes the rooms
}

func newSpanishHospital(t *testing.T, tag string) *spanishHospital {
	t.Helper()
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	s := newSignOns(t, func(*config.SSOProvider) {}, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.DefaultLanguage, cfg.Translator.Languages = tag, append(cfg.Translator.Languages, tag)
		cfg.Translator.Engines = []config.Engine{{Type: "phrases", Timeout: config.Duration(30 * time.Second), Concurrent: 4}}
		cfg.Translator.HoldBudget = config.Duration(10 * time.Second)
	})
	h := &spanishHospital{s, memory, s.hospital.User("eva")}
	require.Eventually(t, func() bool { return h.botName() != "" }, clientPatience, 5*time.Millisecond, "the bot has its account")
	return h
}

// botName is what the bot is called; "" before it is there.
func (h *spanishHospital) botName() string {
	_, profile := h.eva.Do(http.MethodGet, v3+"/profile/"+url.PathEscape("@translator:"+h.hospital.Name)+"/displayname", nil)
	return profile.Get("displayname").Str
}

func (h *spanishHospital) words(phrase string, code language.Code) string {
	return h.memory.Forms(phrase, code)[0]
}

// room makes a room to which everybody may invite the bot.
func (h *spanishHospital) room() string {
	h.t.Helper()
	return h.eva.CreateRoom(testhospital.Room{Preset: "public_chat", Extra: map[string]any{"power_level_content_override": object{"invite": 0}}})
}

// member is a member of a room who has made no choice.
func (h *spanishHospital) member(name, room string) *testhospital.User {
	u := h.hospital.User(name)
	u.Join(room)
	u.Sync(0)
	return u
}

// botIn has the bot invited by a member, and waits for what it says then.
func (h *spanishHospital) botIn(room string, by *testhospital.User) (greeting string) {
	h.t.Helper()
	by.Invite(room, "@translator:"+h.hospital.Name)
	return h.botSays(room, by, "")
}

// asks gives the bot a command and waits for its answer.
func (h *spanishHospital) asks(room string, u *testhospital.User, command string) string {
	h.t.Helper()
	return h.botSays(room, u, u.Say(room, command))
}

// botSays waits for what the bot says, in answer to an event unless that is "".
func (h *spanishHospital) botSays(room string, u *testhospital.User, to string) (body string) {
	h.t.Helper()
	u.WaitUntil("what the bot says", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			answered := ev.Get(`content.m\.relates_to.m\.in_reply_to.event_id`).Str
			if ev.Get("sender").Str == "@translator:"+h.hospital.Name && ev.Get("type").Str == "m.room.message" && answered == to {
				body = ev.Get("content.body").Str
			}
		}
		return body != ""
	})
	return body
}

// reads checks that a member is shown a phrase of another in a language; in "" as it was written, without a word on it.
func (h *spanishHospital) reads(u *testhospital.User, room, id, phrase string, code, from language.Code) {
	h.t.Helper()
	content := u.WaitFor(room, id).Get("content")
	if code == "" {
		require.Equal(h.t, h.words(phrase, from), content.Get("body").Str, u.ID)
		require.False(h.t, content.Get(pathOfKey).Exists(), content.Raw)
		return
	}
	require.True(h.t, strings.HasPrefix(content.Get("body").Str, h.words(phrase, code)), "%s: %s", u.ID, content.Raw)
	require.Equal(h.t, string(from+" "+code), content.Get(pathOfKey+".from").Str+" "+content.Get(pathOfKey+".to").Str)
}

const fever, asthma = "symptoms.fever", "history.asthma"

// TestWhoChoseNoLanguageReadsThatOfTheHospital, and is answered in it by the bot; whoever chose, and whoever the login service
// knows better, does not. The hospital may name its language with a country.
func TestWhoChoseNoLanguageReadsThatOfTheHospital(t *testing.T) {
	for _, tag := range []string{"es", "es-MX"} {
		t.Run(tag, func(t *testing.T) { readsThatOfTheHospital(t, newSpanishHospital(t, tag)) })
	}
}

func readsThatOfTheHospital(t *testing.T, h *spanishHospital) {
	room := h.room()
	h.eva.Sync(0)
	pia, paz := h.member("pia", room), h.member("paz", room)
	h.service.as(map[string]any{"sub": "9", "preferred_username": "fay", "locale": "fr_FR"})
	status, session := h.signOn()
	require.Equal(t, http.StatusOK, status, session.Raw)
	fay := h.user(session)
	fay.Join(room)
	fay.Sync(0)

	require.Contains(t, h.botIn(room, pia), language.Say("es", "bot_joined"))
	require.Equal(t, language.String("es", "bot_name"), h.botName())
	require.Equal(t, language.Say("es", "bot_lang_current", "language", language.Code("es").Name("es")), h.asks(room, pia, "!lang"))
	require.Equal(t, language.Say("fr", "bot_lang_current", "language", language.Code("fr").Name("fr")), h.asks(room, fay, "!lang"))
	chat := h.room()
	require.Contains(t, h.botIn(chat, h.eva), language.Say("es", "bot_joined"))
	require.Equal(t, language.Say("en", "bot_lang_set", "language", language.Code("en").Name("en")), h.asks(chat, h.eva, "!lang en"))

	for _, c := range []struct {
		writer *testhospital.User
		phrase string
		from   language.Code
		read   map[*testhospital.User]language.Code
	}{
		{h.eva, fever, "en", map[*testhospital.User]language.Code{pia: "es", paz: "es", fay: "fr", h.eva: ""}},
		{pia, asthma, "es", map[*testhospital.User]language.Code{pia: "", paz: "", fay: "fr", h.eva: "en"}},
	} {
		id := c.writer.Say(room, h.words(c.phrase, c.from))
		for u, code := range c.read {
			h.reads(u, room, id, c.phrase, code, c.from)
		}
	}
}

// TestAChoiceForARoomGoesBeforeTheLanguageOfTheHospital, there alone; so does what a member's profile shows, everywhere.
func TestAChoiceForARoomGoesBeforeTheLanguageOfTheHospital(t *testing.T) {
	h := newSpanishHospital(t, "es")
	chooses(h.eva, map[string]any{"language": "en"})
	room, other := h.room(), h.room()
	pia, paz := h.member("pia", room), h.member("paz", room)
	pia.Join(other)
	paz.Join(other)
	pia.Must(http.MethodPut, v3+"/user/"+url.PathEscape(pia.ID)+"/rooms/"+url.PathEscape(room)+"/account_data/org.medixchange.language", object{"language": "fr"})
	paz.Must(http.MethodPut, v3+"/profile/"+url.PathEscape(paz.ID)+"/org.medixchange.language", object{"org.medixchange.language": "de"})
	for _, c := range []struct {
		room     string
		pia, paz language.Code
	}{
		{room, "fr", "de"}, {other, "es", "de"},
	} {
		id := h.eva.Say(c.room, h.words(fever, "en"))
		h.reads(pia, c.room, id, fever, c.pia, "en")
		h.reads(paz, c.room, id, fever, c.paz, "en")
	}
	require.Contains(t, h.botIn(other, pia), language.Say("es", "bot_joined"))
	require.Contains(t, h.botIn(room, pia), language.Say("fr", "bot_joined"))
}
