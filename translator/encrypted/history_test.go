package encrypted

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/replies"
)

// deskWork is the kind under which the bot's desk keeps its work.
const deskWork replies.Kind = 1

// history is an encrypted room of which the bot has the key since the first message: a modified client may send it the key
// of what was said before it came, as if the bot had been there.
type history struct {
	t      *testing.T
	bot    *Bot
	out    *crypto.OutboundGroupSession
	said   []string // ids of the messages, in the order of their indices
	missed []object // what the server gives of before an answer; nil where it must not be asked
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{t: t, bot: idleBot(t), out: outbound(t)}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	b := h.bot
	var err error
	b.client, err = mautrix.NewClient(server.URL, "@bot:x", "token")
	require.NoError(t, err)
	b.client.DeviceID = "BOT"
	silent := zerolog.Nop()
	b.machine = b.newMachine(&silent)
	require.NoError(t, b.machine.Load(t.Context()))
	b.ready, b.since = true, "before"
	b.noteEncrypted(ward, true)
	phone := &id.Device{UserID: "@a:x", DeviceID: "PHONE", IdentityKey: "sender-key", SigningKey: "signing-key"}
	require.NoError(t, b.keys.PutDevices(t.Context(), "@a:x", map[id.DeviceID]*id.Device{"PHONE": phone}))
	require.NoError(t, b.keys.PutGroupSession(t.Context(), inbound(t, h.out)))
	return h
}

// ServeHTTP answers /messages, the last event first.
func (h *history) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/messages") || h.missed == nil {
		h.t.Errorf("the bot asks for %s", r.URL.Path)
	}
	chunk := slices.Clone(h.missed)
	slices.Reverse(chunk)
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(object{"chunk": chunk}); err != nil {
		h.t.Error(err)
	}
}

// membersOfHistory are the bot's memberships, each with the one before it.
var membersOfHistory = map[string][2]string{
	"$joined": {"join", "invite"}, "$renamed": {"join", "join"}, "$left": {"leave", "join"}, "$returned": {"join", "leave"},
}

// events are what happened: memberships of the bot, and messages of a member.
func (h *history) events(ids []string) []object {
	h.t.Helper()
	var events []object
	for _, name := range ids {
		if membership, is := membersOfHistory[name]; is {
			events = append(events, object{
				"event_id": name, "type": "m.room.member", "sender": "@bot:x", "state_key": "@bot:x",
				"content": object{"membership": membership[0]}, "unsigned": object{"prev_content": object{"membership": membership[1]}},
			})
			continue
		}
		events = append(events, h.message(name))
	}
	return events
}

func (h *history) message(name string) object {
	h.t.Helper()
	clear, err := json.Marshal(object{"room_id": ward, "type": "m.room.message", "content": object{"msgtype": "m.text", "body": name}})
	require.NoError(h.t, err)
	sealed, err := h.out.Encrypt(clear)
	require.NoError(h.t, err)
	h.said = append(h.said, name)
	return object{"event_id": name, "type": "m.room.encrypted", "sender": "@a:x", "content": object{
		"algorithm": id.AlgorithmMegolmV1, "session_id": h.out.ID(), "ciphertext": string(sealed), "sender_key": "sender-key", "device_id": "PHONE",
	}}
}

// arrives gives the bot an answer of /sync.
func (h *history) arrives(timeline []object, limited bool) {
	h.t.Helper()
	raw, err := json.Marshal(object{"rooms": object{"join": object{ward.String(): object{
		"timeline": object{"events": timeline, "limited": limited, "prev_batch": "earlier"},
	}}}})
	require.NoError(h.t, err)
	answer := &mautrix.RespSync{}
	require.NoError(h.t, json.Unmarshal(raw, answer))
	told, err := h.bot.complete(h.t.Context(), answer)
	require.NoError(h.t, err)
	require.NoError(h.t, h.bot.takeWork(h.t.Context(), func() error { return h.bot.take(h.t.Context(), answer, told) }))
}

// decrypted are the messages whose index the bot has seen.
func (h *history) decrypted() []string {
	h.t.Helper()
	var read []string
	for index, name := range h.said {
		unseen, err := h.bot.keys.ValidateMessageIndex(h.t.Context(), h.out.ID(), "$another", uint(index), 0)
		require.NoError(h.t, err)
		if !unseen {
			read = append(read, name)
		}
	}
	return read
}

// answered are the events of which the bot has made work for its desk.
func (h *history) answered() []string {
	h.t.Helper()
	records, err := h.bot.o.Vault.List(h.t.Context(), deskWork, ward.String())
	require.NoError(h.t, err)
	var names []string
	for _, record := range records {
		names = append(names, record.Name)
	}
	return names
}

// TestNothingOfBeforeTheBotCameIsReadThoughItHasTheKey: it is neither decrypted nor answered, wherever in what the server
// tells the bot's joining stands. The bot greets the room for its joining, and reads from there on.
func TestNothingOfBeforeTheBotCameIsReadThoughItHasTheKey(t *testing.T) {
	for name, c := range map[string]struct {
		missed, timeline     []string
		limited, held, isNew bool // isNew: the bot's device is
		greeted              string
		read                 []string
	}{
		"in an answer":                {timeline: []string{"$before", "$joined", "$after"}, greeted: "$joined", read: []string{"$after"}},
		"in a limited answer":         {timeline: []string{"$before", "$joined", "$after"}, limited: true, greeted: "$joined", read: []string{"$after"}},
		"in what an answer left out":  {missed: []string{"$before", "$joined", "$after"}, timeline: []string{"$later"}, limited: true, greeted: "$joined", read: []string{"$after", "$later"}},
		"renamed since":               {timeline: []string{"$before", "$joined", "$after", "$renamed", "$later"}, greeted: "$joined", read: []string{"$after", "$later"}},
		"came again":                  {timeline: []string{"$joined", "$before", "$left", "$missed", "$returned", "$after"}, greeted: "$returned", read: []string{"$after"}},
		"in a room that was held":     {timeline: []string{"$before", "$joined", "$after"}, held: true, greeted: "$joined", read: []string{"$after"}},
		"there before its new device": {timeline: []string{"$before"}, isNew: true, greeted: "BOT"},
		"there for long":              {timeline: []string{"$after", "$renamed", "$later"}, read: []string{"$after", "$later"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			if c.isNew {
				h.bot.since = ""
			}
			if c.held {
				require.NoError(t, h.bot.Hold(t.Context(), ward.String()))
			}
			h.missed = h.events(c.missed)
			h.arrives(h.events(c.timeline), c.limited)
			if c.held {
				require.NoError(t, h.bot.Approve(t.Context(), ward.String()))
			}
			works := slices.Clone(c.read)
			if c.greeted != "" {
				works = append(works, c.greeted)
			}
			require.ElementsMatch(t, works, h.answered())
			require.Equal(t, c.read, h.decrypted())
			require.Zero(t, h.bot.unreadOf(t, ward), "it has the keys of all")
		})
	}
}
