package tests

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/testhospital"
)

// clientPatience bounds one wait for something to arrive; nothing that works takes so long.
const clientPatience = time.Minute

// mautrixClient is mautrix-go with its own syncer running, and what the syncer dispatched.
type mautrixClient struct {
	*mautrix.Client
	t *testing.T

	mu         sync.Mutex
	seen       []*event.Event
	more       chan struct{} // closed and replaced at each event
	unreadable []string      // what could not be decrypted, and why
}

// newMautrix logs in as a user that exists; each call is another device. The client does not sync yet.
func newMautrix(t *testing.T, h *testhospital.Hospital, name string) *mautrixClient {
	t.Helper()
	client, err := mautrix.NewClient(h.URL, "", "")
	require.NoError(t, err)
	_, err = client.Login(t.Context(), &mautrix.ReqLogin{
		Type:             mautrix.AuthTypePassword,
		Identifier:       mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
		Password:         "pw-" + name,
		StoreCredentials: true,
	})
	require.NoError(t, err)
	client.Syncer = eager{client.Syncer.(*mautrix.DefaultSyncer)}
	return &mautrixClient{Client: client, t: t, more: make(chan struct{})}
}

// eager is the library's syncer, which asks a server that was restarted again at once and not after ten seconds.
type eager struct{ *mautrix.DefaultSyncer }

// OnFailedSync implements mautrix.Syncer.
func (eager) OnFailedSync(*mautrix.RespSync, error) (time.Duration, error) {
	return 50 * time.Millisecond, nil
}

// syncing starts the library's syncer; it ends with the test.
func (c *mautrixClient) syncing() *mautrixClient {
	c.t.Helper()
	c.Syncer.(mautrix.ExtensibleSyncer).OnEvent(c.take)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.SyncWithContext(ctx) }()
	c.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && ctx.Err() == nil {
			c.t.Errorf("%s stopped syncing: %v", c.UserID, err)
		}
	})
	return c
}

func (c *mautrixClient) take(_ context.Context, ev *event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, ev)
	close(c.more)
	c.more = make(chan struct{})
}

// wait returns the first event, seen already or to come, that matches.
func (c *mautrixClient) wait(what string, matches func(*event.Event) bool) *event.Event {
	c.t.Helper()
	deadline := time.After(clientPatience)
	for from := 0; ; {
		c.mu.Lock()
		events, more := c.seen[from:], c.more
		from = len(c.seen)
		c.mu.Unlock()
		if i := slices.IndexFunc(events, matches); i >= 0 {
			return events[i]
		}
		select {
		case <-more:
		case <-deadline:
			c.mu.Lock()
			defer c.mu.Unlock()
			require.FailNow(c.t, "not seen in time", "%s waits for %s; not decrypted: %v", c.UserID, what, c.unreadable)
		}
	}
}

func (c *mautrixClient) waitFor(eventID id.EventID) *event.Event {
	c.t.Helper()
	return c.wait("event "+eventID.String(), func(ev *event.Event) bool { return ev.ID == eventID })
}

func (c *mautrixClient) waitForMember(room id.RoomID, user id.UserID, membership event.Membership) {
	c.t.Helper()
	c.wait(user.String()+" to "+string(membership), func(ev *event.Event) bool {
		return ev.RoomID == room && ev.Type == event.StateMember && ev.GetStateKey() == user.String() &&
			ev.Content.AsMember().Membership == membership
	})
}

// send sends a message event, encrypted when the room is.
func (c *mautrixClient) send(room id.RoomID, typ event.Type, content any) id.EventID {
	c.t.Helper()
	sent, err := c.SendMessageEvent(c.t.Context(), room, typ, content)
	require.NoError(c.t, err)
	return sent.EventID
}

func (c *mautrixClient) say(room id.RoomID, text string) id.EventID {
	c.t.Helper()
	return c.send(room, event.EventMessage, &event.MessageEventContent{MsgType: event.MsgText, Body: text})
}

// room creates a room and takes the others into it, who may be at other hospitals.
func (c *mautrixClient) room(req *mautrix.ReqCreateRoom, others ...*mautrixClient) id.RoomID {
	c.t.Helper()
	for _, other := range others {
		req.Invite = append(req.Invite, other.UserID)
	}
	created, err := c.CreateRoom(c.t.Context(), req)
	require.NoError(c.t, err)
	for _, other := range others {
		other.waitForMember(created.RoomID, other.UserID, event.MembershipInvite)
		_, err := other.JoinRoomByID(c.t.Context(), created.RoomID)
		require.NoError(c.t, err)
		c.waitForMember(created.RoomID, other.UserID, event.MembershipJoin)
		other.waitForMember(created.RoomID, other.UserID, event.MembershipJoin)
	}
	return created.RoomID
}

// mautrixPair is one mautrix client at each of two hospitals.
func mautrixPair(t *testing.T) (ana, bo *mautrixClient) {
	t.Helper()
	hospitals := testhospital.Alliance(t, 2)
	hospitals[0].User("ana")
	hospitals[1].User("bo")
	return newMautrix(t, hospitals[0], "ana").syncing(), newMautrix(t, hospitals[1], "bo").syncing()
}

// TestMautrixTalksAcrossHospitals shows what a chat needs over federation, each thing seen by the library at the other hospital.
func TestMautrixTalksAcrossHospitals(t *testing.T) {
	ana, bo := mautrixPair(t)
	room := ana.room(&mautrix.ReqCreateRoom{Preset: "private_chat", Name: "Ward 3", Topic: "handover"}, bo)

	question := ana.say(room, "How is bed 7?")
	require.Equal(t, "How is bed 7?", bo.waitFor(question).Content.AsMessage().Body)

	answer := &event.MessageEventContent{MsgType: event.MsgText, Body: "Stable."}
	answer.SetReply(bo.waitFor(question))
	reply := ana.waitFor(bo.send(room, event.EventMessage, answer))
	require.Equal(t, question, reply.Content.AsMessage().GetRelatesTo().GetReplyTo())

	edit := &event.MessageEventContent{MsgType: event.MsgText, Body: "How is bed 8?"}
	edit.SetEdit(question)
	seen := bo.waitFor(ana.send(room, event.EventMessage, edit)).Content.AsMessage()
	require.Equal(t, question, seen.GetRelatesTo().GetReplaceID())
	require.Equal(t, "How is bed 8?", seen.NewContent.Body)

	reaction, err := bo.SendReaction(t.Context(), room, question, "👍")
	require.NoError(t, err)
	require.Equal(t, "👍", ana.waitFor(reaction.EventID).Content.AsReaction().RelatesTo.GetAnnotationKey())

	redaction, err := bo.RedactEvent(t.Context(), room, reply.ID, mautrix.ReqRedact{Reason: "wrong bed"})
	require.NoError(t, err)
	require.Equal(t, reply.ID, ana.waitFor(redaction.EventID).Redacts)
	empty, err := ana.GetEvent(t.Context(), room, reply.ID)
	require.NoError(t, err)
	require.NotContains(t, empty.Content.Raw, "body")
	require.Equal(t, redaction.EventID, empty.Unsigned.RedactedBecause.ID)

	_, err = bo.LeaveRoom(t.Context(), room)
	require.NoError(t, err)
	ana.waitForMember(room, bo.UserID, event.MembershipLeave)
	_, err = bo.SendText(t.Context(), room, "still here?")
	require.ErrorIs(t, err, mautrix.MForbidden)
}

// TestMautrixSeesWhoReadsAndTypesElsewhere shows the ephemeral events of federation.
func TestMautrixSeesWhoReadsAndTypesElsewhere(t *testing.T) {
	ana, bo := mautrixPair(t)
	room := ana.room(&mautrix.ReqCreateRoom{Preset: "private_chat"}, bo)
	message := ana.say(room, "Please read this.")
	bo.waitFor(message)

	_, err := bo.UserTyping(t.Context(), room, true, 10*time.Second)
	require.NoError(t, err)
	typing := func(want bool) func(*event.Event) bool {
		return func(ev *event.Event) bool {
			return ev.Type == event.EphemeralEventTyping && slices.Contains(ev.Content.AsTyping().UserIDs, bo.UserID) == want
		}
	}
	started := ana.wait("typing", typing(true))
	_, err = bo.UserTyping(t.Context(), room, false, 0)
	require.NoError(t, err)
	over := false // an end of typing counts only after its start
	ana.wait("the end of typing", func(ev *event.Event) bool {
		over = over || ev == started
		return over && typing(false)(ev)
	})

	require.NoError(t, bo.MarkRead(t.Context(), room, message))
	ana.wait("the receipt", func(ev *event.Event) bool {
		if ev.Type != event.EphemeralEventReceipt {
			return false
		}
		_, read := ev.Content.AsReceipt().GetOrCreate(message).GetOrCreate(event.ReceiptTypeRead)[bo.UserID]
		return read
	})
}

// TestMautrixMediaAcrossHospitals loads a picture and its thumbnail from the hospital that it was not uploaded to.
func TestMautrixMediaAcrossHospitals(t *testing.T) {
	ana, bo := mautrixPair(t)
	room := ana.room(&mautrix.ReqCreateRoom{Preset: "private_chat"}, bo)
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 1280, 800))))

	uploaded, err := ana.UploadBytesWithName(t.Context(), picture.Bytes(), "image/png", "x-ray.png")
	require.NoError(t, err)
	sent := ana.send(room, event.EventMessage, &event.MessageEventContent{
		MsgType: event.MsgImage, Body: "x-ray.png", URL: uploaded.ContentURI.CUString(),
		Info: &event.FileInfo{MimeType: "image/png", Width: 1280, Height: 800, Size: picture.Len()},
	})

	uri, err := bo.waitFor(sent).Content.AsMessage().URL.Parse()
	require.NoError(t, err)
	got, err := bo.DownloadBytes(t.Context(), uri)
	require.NoError(t, err)
	require.Equal(t, picture.Bytes(), got)

	res, err := bo.DownloadThumbnail(t.Context(), uri, 200, 200)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	small, _, err := image.Decode(res.Body)
	require.NoError(t, err)
	require.Less(t, small.Bounds().Dx(), 640)
}

// TestMautrixReadsHistoryOfBeforeItsJoin pages back over what was said before the other hospital was in the room.
func TestMautrixReadsHistoryOfBeforeItsJoin(t *testing.T) {
	ana, bo := mautrixPair(t)
	room := ana.room(&mautrix.ReqCreateRoom{Preset: "private_chat"})
	var said []id.EventID
	for range 30 {
		said = append(said, ana.say(room, "before the others came"))
	}
	_, err := ana.InviteUser(t.Context(), room, &mautrix.ReqInviteUser{UserID: bo.UserID})
	require.NoError(t, err)
	bo.waitForMember(room, bo.UserID, event.MembershipInvite)
	_, err = bo.JoinRoomByID(t.Context(), room)
	require.NoError(t, err)

	var read []id.EventID
	created := false
	for from := ""; ; {
		page, err := bo.Messages(t.Context(), room, from, "", mautrix.DirectionBackward, nil, 10)
		require.NoError(t, err)
		for _, ev := range page.Chunk {
			created = created || ev.Type.Type == event.StateCreate.Type
			if ev.Type.Type == event.EventMessage.Type {
				read = append(read, ev.ID)
			}
		}
		if from = page.End; from == "" {
			break
		}
	}
	slices.Reverse(read)
	require.Equal(t, said, read)
	require.True(t, created, "the history goes back to the creation of the room")
}
