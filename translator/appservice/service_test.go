package appservice

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// echo "translates" by writing the language before the text. What has a telephone number in it is held.
type echo struct{}

func (echo) Translate(_ context.Context, r translator.Request) (translator.Result, error) {
	if strings.Contains(r.Text, "tel.") && !r.Released {
		return translator.Result{
			State: translator.None, From: "en", To: r.Target, Reasons: []check.Reason{{Code: translator.ReasonIdentifiers}},
			Identifiers: []identifiers.Kind{identifiers.Phone}, Withheld: true,
		}, nil
	}
	body := string(r.Target) + " " + r.Text
	if r.Local {
		body += " (here)"
	}
	return translator.Result{State: translator.Translated, From: "en", To: r.Target, Verdict: "pass", Body: body}, nil
}

// beside is a service, its stub homeserver and the database that both runs of it share.
type besideWorld struct {
	t       *testing.T
	hs      *homeserver
	server  *httptest.Server
	db      *sqldb.DB
	service *Service
	stop    func()
	events  int
	options func(*Options) // what differs
}

func newBesideWorld(t *testing.T, options ...func(*Options)) *besideWorld {
	w := &besideWorld{t: t, options: func(o *Options) {
		for _, change := range options {
			change(o)
		}
	}, hs: newHomeserver(t), db: sqldbtest.Open(t, sqldbtest.SQLite(t))}
	w.server = httptest.NewServer(w.hs)
	w.start()
	t.Cleanup(func() { w.stop(); w.server.Close(); require.NoError(t, w.db.Close()) })
	return w
}

func (w *besideWorld) start() {
	log := logrus.New()
	log.SetOutput(io.Discard)
	vault, err := replies.NewVault(w.db, bytes.Repeat([]byte{1}, replies.KeyBytes), time.Now)
	require.NoError(w.t, err)
	o := Options{
		Registration: Registration{ID: "x", ASToken: asToken, HSToken: hsToken, SenderLocalpart: "translator-service"},
		BotLocalpart: "translator", ServerName: "b.example", Homeserver: w.server.URL, Transport: http.DefaultTransport,
		Vault: vault, Pipeline: echo{}, Languages: []language.Code{"en", "es", "zh"}, Home: "en", Log: logrus.NewEntry(log), Now: time.Now,
	}
	w.options(&o)
	w.service, err = New(context.Background(), o)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.service.Run(ctx) }()
	w.stop = func() { cancel(); <-ended }
}

// ask calls the service as the homeserver does.
func (w *besideWorld) ask(method, path, token string, body any) (int, gjson.Result) {
	w.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(w.t, err)
	r := httptest.NewRequest(method, path, bytes.NewReader(encoded))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	w.service.Handler().ServeHTTP(answer, r)
	return answer.Code, gjson.Parse(answer.Body.String())
}

func (w *besideWorld) push(txn string, events ...object) {
	w.t.Helper()
	status, answer := w.ask(http.MethodPut, "/_matrix/app/v1/transactions/"+txn, hsToken, object{"events": events})
	require.Equal(w.t, http.StatusOK, status, answer.Raw)
}

type object = map[string]any

// event makes an event with an id of its own.
func (w *besideWorld) event(sender, typ string, content object, more ...object) object {
	w.events++
	ev := object{"event_id": fmt.Sprintf("$e%d", w.events), "room_id": ward, "sender": sender, "type": typ, "content": content}
	for _, m := range more {
		for key, value := range m {
			ev[key] = value
		}
	}
	return ev
}

func (w *besideWorld) said(sender, text string) object {
	return w.event(sender, "m.room.message", object{"msgtype": "m.text", "body": text})
}

// invited has the bot invited and in the room.
func (w *besideWorld) invited(by string) {
	w.t.Helper()
	w.push("invite", w.event(by, "m.room.member", object{"membership": "invite"}, object{"state_key": bot}))
	w.hs.waitFor("join")
}

func TestRegistrationNamesTheBotAndIsReadBack(t *testing.T) {
	r := NewRegistration("translator", "b.example", "http://127.0.0.1:9008")
	require.NotEqual(t, r.ASToken, r.HSToken)
	require.NotEqual(t, "translator", r.SenderLocalpart, "Synapse lets the sender not read by /sync")
	require.Equal(t, []Namespace{{Exclusive: true, Regex: `@translator:b\.example`}}, r.Namespaces.Users)
	encoded, err := r.Encode()
	require.NoError(t, err)
	path := t.TempDir() + "/registration.yaml"
	require.NoError(t, writeFile(path, encoded))
	again, err := ReadRegistration(path)
	require.NoError(t, err)
	require.Equal(t, r, again)
	require.NoError(t, writeFile(path, []byte("id: x")))
	_, err = ReadRegistration(path)
	require.ErrorContains(t, err, "lacks")
}

func TestOnlyTheHomeserverIsHeard(t *testing.T) {
	w := newBesideWorld(t)
	for _, c := range []struct {
		method, path, token string
		status              int
	}{
		{http.MethodPut, "/_matrix/app/v1/transactions/1", "", 401},
		{http.MethodPut, "/_matrix/app/v1/transactions/1", "wrong", 403},
		{http.MethodPut, "/_matrix/app/v1/transactions/1", asToken, 403},
		{http.MethodPut, "/_matrix/app/v1/transactions/1", hsToken, 200},
		{http.MethodPut, "/transactions/2?access_token=" + hsToken, "", 200},
		{http.MethodPost, "/_matrix/app/v1/ping", hsToken, 200},
		{http.MethodGet, "/_matrix/app/v1/users/%40translator%3Ab.example", hsToken, 200},
		{http.MethodGet, "/_matrix/app/v1/users/%40other%3Ab.example", hsToken, 404},
		{http.MethodGet, "/_matrix/app/v1/rooms/%23ward%3Ab.example", hsToken, 404},
		{http.MethodPut, "/_matrix/app/v1/transactions/" + strings.Repeat("x", 300), hsToken, 400},
	} {
		status, answer := w.ask(c.method, c.path, c.token, object{"events": []object{}})
		require.Equal(t, c.status, status, "%s %s: %s", c.method, c.path, answer.Raw)
	}
	status, _ := w.ask(http.MethodPut, "/_matrix/app/v1/transactions/3", hsToken, object{"events": []string{strings.Repeat("x", maxTransaction)}})
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
}

func TestTheBotAnswersInTheLanguagesThatMembersChose(t *testing.T) {
	w := newBesideWorld(t)
	w.invited("@ana:b.example")
	w.push("1", w.said("@ana:b.example", "nobody has chosen"), w.said("@bo:b.example", "!lang es"), w.said("@eve:b.example", "!lang 中文"))
	w.hs.waitSaid("Usted lee en")
	w.hs.waitSaid("中文")
	message := w.said("@ana:b.example", "good morning")
	w.push("2", message)
	spanish := w.hs.waitSaid("es good morning")
	w.hs.waitSaid("zh good morning")
	require.Equal(t, "m.thread", spanish.Get(`content.m\.relates_to.rel_type`).Str)
	require.Equal(t, message["event_id"], spanish.Get(`content.m\.relates_to.event_id`).Str)
	require.Equal(t, "{}", spanish.Get(`content.m\.mentions`).Raw)
	require.Zero(t, w.hs.count("nobody has chosen"))

	w.hs.waitSaid("2 miembros leen aquí traducciones: español, chino\n此处有2位成员阅读译文：西班牙语、中文") // TRANSLATION 20

	w.push("3", w.event("@ana:b.example", "m.room.redaction", object{"redacts": message["event_id"]}))
	w.hs.waitFor("redact " + spanish.Get("event_id").Str)
}

func TestWhoMayInviteTheBot(t *testing.T) {
	w := newBesideWorld(t)
	w.push("1", w.event("@stranger:c.example", "m.room.member", object{"membership": "invite"}, object{"state_key": bot}))
	require.Contains(t, w.hs.waitFor("leave"), language.String("en", "invite_own_server"), "moderators of other servers may not either")
	w.hs.set(func() { w.hs.encrypted = true })
	w.push("2", w.event("@ana:b.example", "m.room.member", object{"membership": "invite"}, object{"state_key": bot}))
	require.Contains(t, w.hs.waitFor("leave"), language.String("en", "encrypted_unable"))
	w.push("3", w.said("@ana:b.example", "!help"))
	require.Zero(t, w.hs.count("!languages"), "nothing is said in the clear in an encrypted room")
}

func TestTheAuthorOfAHeldMessageIsToldAloneAndReleasesIt(t *testing.T) {
	w := newReaderBeside(t)
	held := w.said("@ana:b.example", "call the daughter, tel. 020 7946 0000")
	w.push("held", held)
	w.hs.waitSaid(language.String("es", "reason_identifiers"))
	warning := w.hs.waitSaid(language.Say("en", "privacy_where", "room", "Ward 7"))
	require.JSONEq(t, `{"preset":"private_chat","is_direct":true,"invite":["@ana:b.example"]}`, strings.TrimPrefix(w.hs.waitFor("create "), "create "))
	require.Equal(t, chat, warning.Get("room_id").Str)
	require.Contains(t, warning.Get("content.body").Str, language.String("en", "privacy_phone"))
	require.NotContains(t, warning.Get("content.body").Str, "7946")

	second := w.said("@ana:b.example", "call the son, tel. 020 7946 0001")
	w.push("second", second)
	w.hs.waitSaid(url.PathEscape(second["event_id"].(string)))
	w.hs.set(func() {
		require.NotContains(t, strings.Join(w.hs.done[w.hs.taken:], "\n"), "create", "there is one chat")
	})

	w.stop()
	w.start()
	reaction := func(sender, room, target string) object {
		relates := object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": target, "key": replies.ReleaseReaction}}
		return w.event(sender, "m.reaction", relates, object{"room_id": room})
	}
	w.push("others", reaction("@bo:b.example", ward, held["event_id"].(string)), reaction("@bo:b.example", chat, warning.Get("event_id").Str))
	w.push("author", reaction("@ana:b.example", chat, warning.Get("event_id").Str))
	translated := w.hs.waitSaid("es call the daughter")
	require.Equal(t, "m.replace", translated.Get(`content.m\.relates_to.rel_type`).Str)
	require.Zero(t, w.hs.count("es call the son"))
	w.push("message", reaction("@ana:b.example", ward, second["event_id"].(string)))
	w.hs.waitSaid("es call the son")
}

// TestOneChatIsEnoughForWhoTurnsItDown: they are invited to it again; where others may come, nothing is said of a message.
func TestOneChatIsEnoughForWhoTurnsItDown(t *testing.T) {
	w := newReaderBeside(t)
	warned := func(text string) {
		said := w.said("@ana:b.example", text)
		w.push(url.PathEscape(said["event_id"].(string)), said)
		w.hs.waitSaid(url.PathEscape(said["event_id"].(string)))
	}
	warned("call the daughter, tel. 020 7946 0000")
	w.hs.waitFor("create ")
	w.hs.set(func() { w.hs.ana = "leave" })
	warned("call the son, tel. 020 7946 0001")
	require.JSONEq(t, `{"user_id":"@ana:b.example"}`, strings.TrimPrefix(w.hs.waitFor("invite "), "invite "))
	w.hs.set(func() { require.NotContains(t, strings.Join(w.hs.done[w.hs.taken:], "\n"), "create") })

	for text, open := range map[string]func(){
		"call the wife, tel. 020 7946 0002":    func() { w.hs.bo, w.hs.joinRule = "invite", "" },
		"call the husband, tel. 020 7946 0003": func() { w.hs.bo, w.hs.joinRule = "leave", "public" },
	} {
		w.hs.set(open)
		warned(text)
		w.hs.waitFor("create ")
	}
}

func TestModeratorsSendTheBotAway(t *testing.T) {
	w := newBesideWorld(t)
	w.invited("@ana:b.example")
	w.push("1", w.said("@bo:b.example", "!leave"))
	w.hs.waitSaid(language.String("en", "error_moderator"))
	w.push("2", w.said("@ana:b.example", "!leave"))
	w.hs.waitFor("leave")
}

func TestWhatARoomSaysOfItsTranslationHoldsBesideOtherServersToo(t *testing.T) {
	w := newBesideWorld(t)
	w.invited("@ana:b.example")
	w.push("1", w.said("@bo:b.example", "!lang es"))
	w.hs.waitSaid("Usted lee en")

	setting := func(value string) object {
		w.hs.set(func() { w.hs.setting = value })
		return w.event("@ana:b.example", replies.TypeSettings, object{"translation": value}, object{"state_key": ""})
	}
	w.push("2", setting(replies.TranslationOff), w.said("@ana:b.example", "not for engines"),
		w.said("@bo:b.example", "!translate en not for engines"), w.said("@bo:b.example", "!languages"))
	w.hs.waitSaid("en (") // what came before it has been dealt with
	w.push("unknown", setting("Off"), w.said("@ana:b.example", "nor this, not for engines"), w.said("@bo:b.example", "!help"))
	w.hs.waitSaid(language.Say("es", "help_intro"))
	w.push("3", setting(replies.TranslationLocal), w.said("@ana:b.example", "for engines of this house"))
	w.hs.waitSaid("es for engines of this house (here)")
	require.Zero(t, w.hs.count("not for engines"))
}

// answered asks a command and returns what the bot answers to it, "" when it answers nothing. What it would have said it has
// said before it translates the message that comes after.
func (w *besideWorld) answered(sender, text string) string {
	w.t.Helper()
	command := w.said(sender, text)
	after := w.said("@ana:b.example", fmt.Sprint("after ", command["event_id"]))
	w.push(fmt.Sprint("command", w.events), command, after)
	w.hs.waitSaid(fmt.Sprint("es ", after["content"].(object)["body"]))
	w.hs.mu.Lock()
	defer w.hs.mu.Unlock()
	for _, said := range w.hs.said {
		if said.Get(`content.m\.relates_to.m\.in_reply_to.event_id`).Str == command["event_id"] {
			return said.Get("content.body").Str
		}
	}
	return ""
}

func newReaderBeside(t *testing.T, options ...func(*Options)) *besideWorld {
	t.Helper()
	w := newBesideWorld(t, options...)
	w.invited("@ana:b.example")
	w.push("1", w.said("@bo:b.example", "!lang es"))
	w.hs.waitSaid("Usted lee en")
	return w
}

func TestWhatBeginsLikeACommandIsTranslatedAndCommandsAreReadAsEverywhere(t *testing.T) {
	w := newReaderBeside(t)
	for _, text := range []string{"!Achtung give 5 mg morphine now", "!Important: no penicillin", "!Ayuda al paciente ahora, 5 mg", "!ward sepsis"} {
		require.Contains(t, w.answered("@ana:b.example", text), "es "+text)
	}
	for text, want := range map[string]string{
		"！lang es": "Usted lee en", "\u2066!help\u2069": "!languages", "!translate es\nparacetamol 1 g": "es paracetamol 1 g",
	} {
		require.Contains(t, w.answered("@bo:b.example", text), want)
	}
	for _, command := range []string{"!idioma desactivado", "!sprache automatisch"} {
		require.Equal(t, language.String("en", "bot_lang_off"), w.answered("@ana:b.example", command), command)
	}
	held := w.answered("@bo:b.example", "!translate zh call tel. 020 7946 0000")
	require.Contains(t, held, language.String("es", "reason_identifiers"), "in the language of who asked")
	require.NotContains(t, w.answered("@bo:b.example", "!translate es paracetamol\n🌐 from French"), "es paracetamol", "no translation is translated again")
}

func TestEveryCommandIsAnsweredBesideAnotherHomeserver(t *testing.T) {
	w := newReaderBeside(t)
	elsewhere := language.String("es", "bot_elsewhere")
	for _, command := range []string{"!original", "!repost 20", "!mode thread", "!glossary heparin", "!handbook fever", "!who cardiology", "!readback on", "!vertaling onderwerpen aan"} {
		require.Equal(t, elsewhere, w.answered("@bo:b.example", command), command)
	}
	require.Contains(t, w.answered("@bo:b.example", "!help"), "!translation desactivar|local|activar")
}

func TestModeratorsSayWhetherARoomIsTranslatedBesideAnotherHomeserver(t *testing.T) {
	w := newReaderBeside(t)
	require.Equal(t, language.String("es", "error_moderator"), w.answered("@bo:b.example", "!translation off"))
	require.Contains(t, w.answered("@ana:b.example", "!translation maybe"), "!translation off")
	require.Equal(t, language.String("en", "room_external_off"), w.answered("@ana:b.example", "!übersetzung LOKAL"))
	require.JSONEq(t, `{"translation":"local"}`, strings.TrimPrefix(w.hs.waitFor("set "), "set "))
	require.Contains(t, w.answered("@ana:b.example", "!Important: 5 mg"), "5 mg (here)")
	require.Equal(t, language.String("en", "room_external_on"), w.answered("@ana:b.example", "!translation on"))
	require.JSONEq(t, `{"threads":true}`, strings.TrimPrefix(w.hs.waitFor("set "), "set "), "what else the room says is kept")

	w.hs.set(func() { w.hs.unpowered = true })
	require.Contains(t, w.answered("@ana:b.example", "!vertaling uit"), "("+replies.TypeSettings+")")
	w.hs.set(func() { w.hs.unpowered = false })

	off := w.said("@ana:b.example", "!translation off")
	w.push("off", off)
	w.hs.waitSaid(language.String("en", "room_translation_off"))
	require.JSONEq(t, `{"translation":"off"}`, strings.TrimPrefix(w.hs.waitFor("set "), "set "))
	w.push("silent", w.said("@ana:b.example", "for nobody"), w.said("@bo:b.example", "!languages"))
	w.hs.waitSaid("en (")
	require.Zero(t, w.hs.count("for nobody"))
}
