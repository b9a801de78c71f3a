package tests

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// turn opens or closes the gate before the engine.
func (l *lateWards) turn(t *testing.T, to string) {
	t.Helper()
	res, err := http.Post(l.gate+"/gate/"+to, "", nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
}

// readsIn sets the language in which a user reads.
func (c *mautrixClient) readsIn(language string) *mautrixClient {
	c.t.Helper()
	require.NoError(c.t, c.SetAccountData(c.t.Context(), "org.medixchange.language", map[string]any{"language": language, "mode": "in_place"}))
	return c
}

// unread is what /sync last said to a device about the unread messages of each room.
type unread struct {
	c      *mautrixClient
	mu     sync.Mutex
	counts map[id.RoomID]int
}

// countingUnread has to come before the client syncs.
func (c *mautrixClient) countingUnread() *unread {
	u := &unread{c: c, counts: map[id.RoomID]int{}}
	c.Syncer.(mautrix.ExtensibleSyncer).OnSync(func(_ context.Context, res *mautrix.RespSync, _ string) bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		for room, joined := range res.Rooms.Join {
			if joined.UnreadNotifications != nil {
				u.counts[room] = joined.UnreadNotifications.NotificationCount
			}
		}
		return true
	})
	return u
}

func (u *unread) of(room id.RoomID) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if count, known := u.counts[room]; known {
		return count
	}
	return -1
}

func (u *unread) wait(room id.RoomID, want int) {
	u.c.t.Helper()
	require.Eventually(u.c.t, func() bool { return u.of(room) == want }, clientPatience, 10*time.Millisecond,
		"%s has not %d unread", u.c.DeviceID, want)
}

// contentOf is an event's content as it came.
func contentOf(ev *event.Event) gjson.Result { return gjson.ParseBytes(ev.Content.VeryRaw) }

// waitForEdit waits for an edit of a message with a text in it, of the node or of the author.
func (c *mautrixClient) waitForEdit(message id.EventID, text string) *event.Event {
	c.t.Helper()
	return c.wait("an edit to "+text, func(ev *event.Event) bool {
		return ev.Type == event.EventMessage && ev.Content.AsMessage().OptionalGetRelatesTo().GetReplaceID() == message &&
			strings.Contains(ev.Content.AsMessage().NewContent.Body, text)
	})
}

// stored is an event as the node gives it now to one who asks for it.
func (c *mautrixClient) stored(room id.RoomID, message id.EventID) gjson.Result {
	c.t.Helper()
	var ev json.RawMessage
	_, err := c.MakeRequest(c.t.Context(), http.MethodGet, c.BuildClientURL("v3", "rooms", room, "event", message), nil, &ev)
	require.NoError(c.t, err)
	return gjson.ParseBytes(ev)
}

// lateRoom is a room of Ana, who writes Chinese, and Bo of the other hospital, who reads Spanish on two devices.
type lateRoom struct {
	*lateWards
	t      *testing.T
	ana    *mautrixClient
	bo     [2]*mautrixClient
	unread [2]*unread
	room   id.RoomID
}

func newLateRoom(t *testing.T) *lateRoom {
	t.Helper()
	l := &lateRoom{lateWards: newLateWards(t), t: t}
	l.a.User("ana")
	l.b.User("bo")
	l.ana = newMautrix(t, l.a, "ana").readsIn("zh").syncing()
	for i := range l.bo {
		l.bo[i] = newMautrix(t, l.b, "bo").readsIn("es")
		l.unread[i] = l.bo[i].countingUnread()
		l.bo[i].syncing()
	}
	l.room = l.ana.room(&mautrix.ReqCreateRoom{Preset: "private_chat"}, l.bo[0])
	l.bo[1].waitForMember(l.room, l.bo[1].UserID, event.MembershipJoin)
	return l
}

// saysLate has Ana say a phrase; its translation comes to both devices as the same edit, after the original.
func (l *lateRoom) saysLate(phrase int) (message id.EventID, late *event.Event) {
	l.t.Helper()
	l.turn(l.t, "close")
	message = l.ana.say(l.room, l.zh(phrase))
	for _, device := range l.bo {
		first := contentOf(device.waitFor(message))
		require.Equal(l.t, l.zh(phrase), first.Get("body").Str, "the original comes first")
		require.Equal(l.t, "pending", translationOf(first).Get("state").Str)
	}
	l.turn(l.t, "open")
	late = l.bo[0].waitForEdit(message, l.es(phrase))
	require.Equal(l.t, late.ID, l.bo[1].waitForEdit(message, l.es(phrase)).ID, "both devices have the same edit")
	require.Equal(l.t, l.ana.UserID, late.Sender, "clients take edits from nobody but the author")
	checkKey(l.t, contentOf(late).Get(`m\.new_content`), l.zh(phrase), "libretranslate")
	return message, late
}

// TestMautrixLateTranslationsUnderEveryActionOfAClient is for mautrix-go, which shows what comes as it came, what
// TestJSLateTranslationsUnderEveryActionOfAClient is for a library that puts edits into messages itself.
func TestMautrixLateTranslationsUnderEveryActionOfAClient(t *testing.T) {
	l := newLateRoom(t)
	ana, bo, room := l.ana, l.bo, l.room
	message, late := l.saysLate(0)
	for _, unread := range l.unread {
		unread.wait(room, 1)
	}

	answer := &event.MessageEventContent{MsgType: event.MsgText, Body: l.es(2)}
	answer.SetReply(late)
	reply := ana.waitFor(bo[0].send(room, event.EventMessage, answer))
	require.Equal(t, message, reply.Content.AsMessage().OptionalGetRelatesTo().GetReplyTo(), "others know no edit")
	reaction, err := bo[0].SendReaction(t.Context(), room, late.ID, "👍")
	require.NoError(t, err)
	require.Equal(t, message, ana.waitFor(reaction.EventID).Content.AsReaction().RelatesTo.GetAnnotationID())

	require.NoError(t, bo[0].MarkRead(t.Context(), room, late.ID))
	ana.wait("the receipt", func(ev *event.Event) bool {
		if ev.Type != event.EphemeralEventReceipt {
			return false
		}
		_, read := ev.Content.AsReceipt().GetOrCreate(message).GetOrCreate(event.ReceiptTypeRead)[bo[0].UserID]
		return read
	})
	for _, unread := range l.unread {
		unread.wait(room, 0)
	}
	_, err = bo[0].RedactEvent(t.Context(), room, late.ID)
	require.ErrorIs(t, err, mautrix.MForbidden)

	edit := &event.MessageEventContent{MsgType: event.MsgText, Body: l.zh(1)}
	edit.SetEdit(message)
	edited := ana.send(room, event.EventMessage, edit)
	for _, device := range bo {
		device.waitFor(edited)
		checkKey(t, contentOf(device.waitForEdit(message, l.es(1))).Get(`m\.new_content`), l.zh(1), "libretranslate")
		shown := device.stored(room, message).Get(`unsigned.m\.relations.m\.replace.content.m\.new_content.body`).Str
		require.Contains(t, shown, l.es(1), "the real edit is what is shown, and not the late translation before it")
	}

	read := contentOf(bo[1].waitForEdit(message, l.es(1))).Get(`m\.new_content`)
	forward := contentOf(ana.waitFor(bo[1].send(room, event.EventMessage, json.RawMessage(read.Raw))))
	require.Equal(t, l.zh(1), forward.Get("body").Str, "a forward goes out in the author's words")
	require.JSONEq(t, `{"from":"zh","to":"es"}`, forward.Get(`org\.medixchange\.forwarded`).Raw)
	require.False(t, translationOf(forward).Exists())

	// An author's edit is an event of its own: as everywhere in Matrix, taking back the message leaves it to be taken back.
	l.redacts(message)
	for _, device := range bo {
		device.hasNoText(room, late.ID)
	}
	l.redacts(edited)
}

// redacts has Ana redact an event, after which no device of the reader gets a word of it.
func (l *lateRoom) redacts(eventID id.EventID) {
	l.t.Helper()
	redaction, err := l.ana.RedactEvent(l.t.Context(), l.room, eventID)
	require.NoError(l.t, err)
	for _, device := range l.bo {
		require.Equal(l.t, eventID, device.waitFor(redaction.EventID).Redacts)
		device.hasNoText(l.room, eventID)
	}
}

// hasNoText asks for an event, which is gone or empty.
func (c *mautrixClient) hasNoText(room id.RoomID, eventID id.EventID) {
	c.t.Helper()
	ev, err := c.GetEvent(c.t.Context(), room, eventID)
	if err != nil {
		require.ErrorIs(c.t, err, mautrix.MNotFound)
		return
	}
	require.NotContains(c.t, string(ev.Content.VeryRaw), "body")
}
