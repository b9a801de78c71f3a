package tests

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// threeTongues are sentences that the stub engine knows, in English, Spanish and Chinese.
var threeTongues = []map[string]string{
	{"en": "The patient is much better today.", "es": "El paciente está mucho mejor hoy.", "zh": "病人今天好多了。"},
	{"en": "Please call the family tomorrow.", "es": "Por favor llame a la familia mañana.", "zh": "请明天给家属打电话。"},
	{"en": "The family comes this evening.", "es": "La familia viene esta noche.", "zh": "家属今晚过来。"},
}

// tongues speaks LibreTranslate's protocol and knows threeTongues.
func tongues(t *testing.T) *httptest.Server {
	return libreTranslate(t, []string{"en", "es", "zh"}, func(text, target string) string {
		for _, sentence := range threeTongues {
			for _, known := range sentence {
				text = strings.ReplaceAll(text, known, sentence[target])
			}
		}
		return text
	})
}

// libreTranslate speaks LibreTranslate's protocol.
func libreTranslate(t *testing.T, codes []string, translate func(text, target string) string) *httptest.Server {
	languages := []map[string]any{}
	for _, code := range codes {
		languages = append(languages, map[string]any{"code": code, "targets": codes})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Q      json.RawMessage
			Target string
		}
		var answer any = languages
		if r.URL.Path == "/translate" && json.NewDecoder(r.Body).Decode(&request) == nil {
			var texts []string
			for _, text := range gjson.ParseBytes(request.Q).Array() {
				texts = append(texts, translate(text.Str, request.Target))
			}
			answer = map[string]any{"translatedText": texts}
			if !gjson.ParseBytes(request.Q).IsArray() {
				answer = map[string]any{"translatedText": texts[0]}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Logf("answering the translator: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// translatingWith lets hospitals translate with an engine.
func translatingWith(t *testing.T, engine string) testhospital.Option {
	host, err := url.Parse(engine)
	require.NoError(t, err)
	return func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.AllowPivot = true
		cfg.Translator.AllowExternal = []string{host.Hostname()}
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: engine, Timeout: config.Duration(10 * time.Second)}}
	}
}

// ward is an encrypted room: ana (zh) moderates, bo (es) and eve (en) are at the same hospital, rita (es) at another.
type encryptedWard struct {
	t                  *testing.T
	hospital           *testhospital.Hospital
	bot                id.UserID
	room               id.RoomID
	ana, bo, eve, rita *mautrixClient
}

func newEncryptedWard(t *testing.T) *encryptedWard {
	hospitals := testhospital.Alliance(t, 2, translatingWith(t, tongues(t).URL))
	w := &encryptedWard{t: t, hospital: hospitals[0], bot: id.UserID("@translator:" + hospitals[0].Name)}
	person := func(h *testhospital.Hospital, name, language string) *mautrixClient {
		u := h.User(name)
		u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", map[string]any{"language": language})
		return newMautrix(t, h, name).encrypting().syncing()
	}
	w.ana, w.bo, w.eve = person(hospitals[0], "ana", "zh"), person(hospitals[0], "bo", "es"), person(hospitals[0], "eve", "en")
	w.rita = person(hospitals[1], "rita", "es")
	w.room = w.ana.room(encryptedRoom(), w.bo, w.eve, w.rita)
	for _, c := range []*mautrixClient{w.ana, w.bo, w.eve, w.rita} {
		c.knowsEncryption(w.room)
	}
	return w
}

// invite has a moderator invite the bot, which joins and greets.
func (w *encryptedWard) invite() {
	w.t.Helper()
	_, err := w.ana.InviteUser(w.t.Context(), w.room, &mautrix.ReqInviteUser{UserID: w.bot})
	require.NoError(w.t, err)
	for _, c := range []*mautrixClient{w.ana, w.bo, w.eve, w.rita} {
		c.waitForMember(w.room, w.bot, event.MembershipJoin)
		greeting := c.wait("the greeting", func(ev *event.Event) bool { return ev.Sender == w.bot && ev.Type == event.EventMessage })
		require.NotZero(w.t, greeting.Mautrix.EventSource&event.SourceDecrypted)
		require.Contains(w.t, greeting.Content.AsMessage().Body, "!leave")
		require.Contains(w.t, greeting.Content.AsMessage().Body, "3 members read translations here: English, Spanish, Chinese")
	}
}

// reply waits for the bot's answer to a message that holds the text.
func (w *encryptedWard) reply(c *mautrixClient, to id.EventID, text string) *event.Event {
	w.t.Helper()
	return c.wait("the reply "+text, func(ev *event.Event) bool {
		return ev.Sender == w.bot && ev.Type == event.EventMessage && strings.Contains(ev.Content.AsMessage().Body, text) &&
			ev.Content.AsMessage().OptionalGetRelatesTo().GetThreadParent() == to
	})
}

// repliesSeen are the encrypted events of the bot in a thread that a client has been given.
func (w *encryptedWard) repliesSeen(c *mautrixClient, to id.EventID) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ev := range c.seen {
		if ev.Sender == w.bot && ev.Type == event.EventEncrypted && ev.Content.AsEncrypted().RelatesTo.GetThreadParent() == to {
			n++
		}
	}
	return n
}

// TestRule19TheBotAnswersInEncryptedRoomsInEachReadersLanguage: a moderator invites it; members here are given the answer in
// their language and no other, everywhere alike; a member of another hospital gets all; after a restart it goes on.
func TestRule19TheBotAnswersInEncryptedRoomsInEachReadersLanguage(t *testing.T) {
	w := newEncryptedWard(t)
	before := w.bo.say(w.room, threeTongues[2]["es"])
	w.invite()

	said := w.ana.say(w.room, threeTongues[0]["zh"])
	spanish := w.reply(w.bo, said, threeTongues[0]["es"])
	english := w.reply(w.eve, said, threeTongues[0]["en"])
	w.reply(w.rita, said, threeTongues[0]["es"])
	w.reply(w.rita, said, threeTongues[0]["en"])
	content := spanish.Content.AsMessage()
	require.Equal(t, event.MsgNotice, content.MsgType)
	require.Equal(t, "{}", gjson.GetBytes(spanish.Content.VeryRaw, `m\.mentions`).Raw)
	require.Equal(t, "translated", gjson.GetBytes(spanish.Content.VeryRaw, `org\.medixchange\.translation.state`).Str)

	w.onlyTheirs(said, spanish.ID, english.ID)
	w.receiptsStandOnWhatIsShown(said, spanish.ID)
	w.canBeReadInAnotherLanguageLater(w.eve, spanish)
	w.hospital.Restart()
	again := w.bo.say(w.room, threeTongues[1]["es"])
	w.reply(w.eve, again, threeTongues[1]["en"])
	w.reply(w.ana, again, threeTongues[1]["zh"])

	require.Zero(t, w.repliesSeen(w.rita, before), "what was said before the invitation was read")
	require.Equal(t, 2, w.repliesSeen(w.rita, said), "it was answered twice")
	w.nothingInTheClear(said)
}

// TestRule20MembersElsewhereGetWhatIsReadHereAndLearnWhoReadsIt: notices in the one thread of the message, in no language
// but those that members of the bot's hospital read.
func TestRule20MembersElsewhereGetWhatIsReadHereAndLearnWhoReadsIt(t *testing.T) {
	w := newEncryptedWard(t)
	w.invite() // it says who reads translations
	deviceIsSigned(t, w.rita, w.bot)
	said := w.rita.say(w.room, threeTongues[0]["es"])
	for _, code := range []string{"zh", "en"} {
		reply := w.reply(w.rita, said, threeTongues[0][code])
		require.Equal(t, event.MsgNotice, reply.Content.AsMessage().MsgType)
	}
	next := w.ana.say(w.room, threeTongues[1]["zh"])
	w.reply(w.rita, next, threeTongues[1]["es"]) // by then the bot has said all that it says of the first
	require.Equal(t, 2, w.repliesSeen(w.rita, said))

	asked := w.bo.say(w.room, "!languages")
	answer := w.rita.wait("who reads translations", func(ev *event.Event) bool {
		return ev.Sender == w.bot && ev.Type == event.EventMessage && ev.Content.AsMessage().OptionalGetRelatesTo().GetReplyTo() == asked
	})
	require.Contains(t, answer.Content.AsMessage().Body, "3 miembros leen aquí traducciones: inglés, español, chino")
}

// onlyTheirs checks every place where a reader of Spanish could meet the answer in English.
func (w *encryptedWard) onlyTheirs(said, spanish, english id.EventID) {
	w.t.Helper()
	t := w.t
	ctx := t.Context()
	require.Equal(t, 1, w.repliesSeen(w.bo, said))
	require.Equal(t, 1, w.repliesSeen(w.eve, said))
	require.Zero(t, w.repliesSeen(w.ana, said), "who writes it reads it")
	_, err := w.bo.GetEvent(ctx, w.room, english)
	require.ErrorIs(t, err, mautrix.MNotFound)
	_, err = w.bo.GetEvent(ctx, w.room, spanish)
	require.NoError(t, err)
	_, err = w.bo.Context(ctx, w.room, english, nil, 5)
	require.ErrorIs(t, err, mautrix.MNotFound)
	page, err := w.bo.Messages(ctx, w.room, "", "", mautrix.DirectionBackward, nil, 100)
	require.NoError(t, err)
	for _, ev := range page.Chunk {
		require.NotEqual(t, english, ev.ID)
	}
	related, err := w.bo.GetRelations(ctx, w.room, said, &mautrix.ReqGetRelations{RelationType: event.RelThread})
	require.NoError(t, err)
	require.Len(t, related.Chunk, 1)
	require.Equal(t, spanish, related.Chunk[0].ID)

	thread := w.threadOf(w.bo, said)
	require.EqualValues(t, 1, thread.Get("count").Int(), thread.Raw)
	require.Equal(t, spanish.String(), thread.Get("latest_event.event_id").Str)
	require.False(t, w.threadOf(w.ana, said).Exists(), "a thread with nothing for its reader")
	require.EqualValues(t, 2, w.threadOf(w.rita, said).Get("count").Int())
	require.Contains(t, w.get(w.bo, "v1", "threads"), said.String())
	require.NotContains(t, w.get(w.ana, "v1", "threads"), said.String())
	require.EqualValues(t, 0, w.unread(w.ana), "the bot's answers notify nobody")
	require.EqualValues(t, 2, w.unread(w.eve), "two originals, and no answer")
}

// receiptsStandOnWhatIsShown: bo has read the answer in Spanish, which ana is not shown.
func (w *encryptedWard) receiptsStandOnWhatIsShown(said, spanish id.EventID) {
	w.t.Helper()
	require.NoError(w.t, w.bo.MarkRead(w.t.Context(), w.room, spanish))
	for reader, at := range map[*mautrixClient]id.EventID{w.ana: said, w.rita: spanish} {
		reader.wait("the receipt", func(ev *event.Event) bool {
			if ev.Type != event.EphemeralEventReceipt {
				return false
			}
			_, read := (*ev.Content.AsReceipt())[at][event.ReceiptTypeRead][w.bo.UserID]
			return read
		})
	}
	w.ana.mu.Lock()
	defer w.ana.mu.Unlock()
	for _, ev := range w.ana.seen {
		if ev.Type == event.EphemeralEventReceipt {
			require.NotContains(w.t, *ev.Content.AsReceipt(), spanish)
		}
	}
}

// canBeReadInAnotherLanguageLater: the keys go to everybody, so whoever reads another language from now on can read what
// was said in it before.
func (w *encryptedWard) canBeReadInAnotherLanguageLater(c *mautrixClient, earlier *event.Event) {
	w.t.Helper()
	choose := func(language string) {
		require.NoError(w.t, c.SetAccountData(w.t.Context(), "org.medixchange.language", map[string]string{"language": language}))
	}
	choose("es")
	found, err := c.GetEvent(w.t.Context(), w.room, earlier.ID)
	require.NoError(w.t, err)
	require.NoError(w.t, found.Content.ParseRaw(found.Type))
	clear, err := c.Crypto.Decrypt(w.t.Context(), found)
	require.NoError(w.t, err)
	require.Equal(w.t, earlier.Content.AsMessage().Body, clear.Content.AsMessage().Body)
	choose("en")
}

func (w *encryptedWard) get(c *mautrixClient, version, path string) string {
	w.t.Helper()
	raw, err := c.MakeRequest(w.t.Context(), http.MethodGet, c.BuildClientURL(version, "rooms", w.room)+"/"+path, nil, nil)
	require.NoError(w.t, err)
	return string(raw)
}

// threadOf is the summary of a message's thread as a client is given it.
func (w *encryptedWard) threadOf(c *mautrixClient, root id.EventID) gjson.Result {
	w.t.Helper()
	return gjson.Get(w.get(c, "v3", "event/"+url.PathEscape(root.String())), `unsigned.m\.relations.m\.thread`)
}

// unread is the room's count of notifications for a member who has read nothing since their own last message.
func (w *encryptedWard) unread(c *mautrixClient) int64 {
	w.t.Helper()
	raw, err := c.MakeRequest(w.t.Context(), http.MethodGet, c.BuildURLWithQuery(mautrix.ClientURLPath{"v3", "sync"}, map[string]string{"timeout": "0"}), nil, nil)
	require.NoError(w.t, err)
	room := gjson.GetBytes(raw, "rooms.join").Map()[w.room.String()]
	return room.Get("unread_notifications.notification_count").Int()
}

// nothingInTheClear looks for what was said, and for keys, in all files of the node's data.
func (w *encryptedWard) nothingInTheClear(said id.EventID) {
	w.t.Helper()
	events := false
	w.hospital.Stop()
	err := filepath.WalkDir(w.hospital.Config.DataDir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		events = events || strings.Contains(string(raw), said.String())
		for _, sentence := range threeTongues[:2] {
			for _, text := range sentence {
				require.NotContains(w.t, string(raw), text, path)
			}
		}
		require.NotContains(w.t, string(raw), "session_key", path)
		require.NotContains(w.t, string(raw), `"pickle"`, path)
		return err
	})
	require.NoError(w.t, err)
	require.True(w.t, events, "the files that were searched hold no events at all")
}

// TestRule19OnlyAModeratorLetsTheBotReadAnEncryptedRoom: the invitation of another member is declined with a reason, keys
// that others pass on open nothing, and a moderator sends the bot away.
func TestRule19OnlyAModeratorLetsTheBotReadAnEncryptedRoom(t *testing.T) {
	w := newEncryptedWard(t)
	_, err := w.bo.InviteUser(t.Context(), w.room, &mautrix.ReqInviteUser{UserID: w.bot})
	require.NoError(t, err)
	w.ana.waitForMember(w.room, w.bot, event.MembershipLeave)
	declined := w.ana.wait("the reason", func(ev *event.Event) bool {
		return ev.GetStateKey() == w.bot.String() && ev.Type == event.StateMember && ev.Content.AsMember().Membership == event.MembershipLeave
	})
	require.NotEmpty(t, declined.Content.AsMember().Reason)

	w.invite()
	refused := w.bo.say(w.room, "!leave")
	w.bo.wait("the refusal", func(ev *event.Event) bool {
		return ev.Sender == w.bot && ev.Type == event.EventMessage && ev.Content.AsMessage().OptionalGetRelatesTo().GetReplyTo() == refused
	})
	w.ana.say(w.room, "!leave")
	w.ana.wait("the bot's going", func(ev *event.Event) bool {
		return ev.GetStateKey() == w.bot.String() && ev.Type == event.StateMember && ev.Content.AsMember().Membership == event.MembershipLeave && ev.ID != declined.ID
	})
}

// TestEditsAndRedactionsReachTheBotsAnswers: the bot edits what it said when the message is edited, and takes it back when
// the message is gone.
func TestEditsAndRedactionsReachTheBotsAnswers(t *testing.T) {
	w := newEncryptedWard(t)
	w.invite()
	said := w.ana.say(w.room, threeTongues[0]["zh"])
	spanish := w.reply(w.bo, said, threeTongues[0]["es"])

	edit := &event.MessageEventContent{MsgType: event.MsgText, Body: threeTongues[1]["zh"]}
	edit.SetEdit(said)
	w.ana.send(w.room, event.EventMessage, edit)
	w.bo.wait("the edited reply", func(ev *event.Event) bool {
		return ev.Type == event.EventMessage && ev.Content.AsMessage().OptionalGetRelatesTo().GetReplaceID() == spanish.ID &&
			strings.Contains(ev.Content.AsMessage().NewContent.Body, threeTongues[1]["es"])
	})
	_, err := w.ana.RedactEvent(t.Context(), w.room, said)
	require.NoError(t, err)
	w.bo.wait("the redaction of the reply", func(ev *event.Event) bool { return ev.Type == event.EventRedaction && ev.Redacts == spanish.ID })
	w.ana.mu.Lock()
	defer w.ana.mu.Unlock()
	for _, ev := range w.ana.seen {
		require.False(t, ev.Type == event.EventRedaction && ev.Sender == w.bot, "the redaction of what ana was never shown")
	}
}

// TestTheBotHearsCommandsInAnEncryptedChat: a direct chat begins encrypted in most clients.
func TestTheBotHearsCommandsInAnEncryptedChat(t *testing.T) {
	h := testhospital.Start(t, translatingWith(t, tongues(t).URL))
	h.User("ana")
	bot := id.UserID("@translator:" + h.Name)
	ana := newMautrix(t, h, "ana").encrypting().syncing()
	req := encryptedRoom()
	req.Preset, req.IsDirect, req.Invite = "trusted_private_chat", true, []id.UserID{bot}
	room := ana.room(req)
	ana.waitForMember(room, bot, event.MembershipJoin)
	ana.wait("the greeting", func(ev *event.Event) bool { return ev.Sender == bot && ev.Type == event.EventMessage })
	for _, c := range []struct{ command, answer string }{{"!lang es", "español"}, {"!original", "cifradas"}, {"!languages", "zh ("}} {
		said := ana.say(room, c.command)
		ana.wait("the answer to "+c.command, func(ev *event.Event) bool {
			return ev.Sender == bot && ev.Type == event.EventMessage && ev.Content.AsMessage().OptionalGetRelatesTo().GetReplyTo() == said &&
				strings.Contains(ev.Content.AsMessage().Body, c.answer)
		})
	}
	var chosen struct{ Language string }
	require.NoError(t, ana.GetAccountData(t.Context(), "org.medixchange.language", &chosen))
	require.Equal(t, "es", chosen.Language)
}
