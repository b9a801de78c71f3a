package tests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/testhospital"
)

// encryptedKills is how often the node is killed.
const encryptedKills = 4

// TestKilledAtAnyMomentTheBotLosesNoKeyAndAnswersOnce kills the node with SIGKILL while the bot reads and answers in an
// encrypted room. Every message has one answer in the end, and it can be decrypted.
func TestKilledAtAnyMomentTheBotLosesNoKeyAndAnswersOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("kills real processes")
	}
	node := newProcess(t, "")
	node.env = append(node.env, "HS_TRANSLATE_URL="+tongues(t).URL)
	node.start()
	h := testhospital.Elsewhere(t, node.url)
	bot := id.UserID("@translator:crash.test")
	h.User("ana")
	h.User("bo")
	ana, bo := newMautrix(t, h, "ana").encrypting().syncing(), newMautrix(t, h, "bo").encrypting().syncing()
	for c, language := range map[*mautrixClient]string{ana: "en", bo: "es"} {
		require.NoError(t, c.SetAccountData(t.Context(), "org.medixchange.language", map[string]string{"language": language}))
	}
	room := ana.room(encryptedRoom(), bo)
	_, err := ana.InviteUser(t.Context(), room, &mautrix.ReqInviteUser{UserID: bot})
	require.NoError(t, err)
	bo.wait("the greeting", func(ev *event.Event) bool { return ev.Sender == bot && ev.Type == event.EventMessage })

	var said []id.EventID
	for range encryptedKills {
		sent := make(chan []id.EventID)
		go func() { sent <- sayThrough(ana, room, 3) }()
		time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
		node.kill()
		node.start()
		said = append(said, <-sent...)
	}
	for _, message := range said {
		bo.wait("the answer", func(ev *event.Event) bool { return answers(ev, bot, message) })
	}
	bo.mu.Lock()
	defer bo.mu.Unlock()
	for _, message := range said {
		n := map[id.EventID]bool{}
		for _, ev := range bo.seen {
			if answers(ev, bot, message) {
				n[ev.ID] = true
			}
		}
		require.Len(t, n, 1, "answers to one message")
	}
	_, err = node.terminate()
	require.NoError(t, err)
}

func answers(ev *event.Event, bot id.UserID, message id.EventID) bool {
	return ev.Sender == bot && ev.Type == event.EventMessage && ev.Content.AsMessage().OptionalGetRelatesTo().GetThreadParent() == message &&
		strings.Contains(ev.Content.AsMessage().Body, threeTongues[0]["es"])
}

// sayThrough sends messages to a node that may be away for a while.
func sayThrough(c *mautrixClient, room id.RoomID, n int) []id.EventID {
	var sent []id.EventID
	for i := range n {
		txn := fmt.Sprintf("%d-%d", time.Now().UnixNano(), i)
		for {
			content := &event.MessageEventContent{MsgType: event.MsgText, Body: threeTongues[0]["en"]}
			answer, err := c.SendMessageEvent(context.Background(), room, event.EventMessage, content, mautrix.ReqSendEvent{TransactionID: txn})
			if err == nil {
				sent = append(sent, answer.EventID)
				break
			}
			if c.t.Context().Err() != nil {
				return sent
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return sent
}
