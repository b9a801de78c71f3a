package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"medixchange/accounts"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// node is the real rooms and accounts on a real database, without other servers.
type node struct {
	t        testing.TB
	hub      *stream.Hub
	rooms    *rooms.Rooms
	accounts *accounts.Accounts
	handler  *Handler
	key      signing.Key
	url      string
	stop     func()
}

type noRemote struct{ rooms.Remote }

func newNode(t testing.TB) *node {
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	n := &node{t: t, key: key, url: sqldbtest.SQLite(t)}
	n.start()
	t.Cleanup(func() { n.stop() })
	return n
}

func (n *node) start() {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, sqldb.Options{URL: n.url, Logger: sqldbtest.Quiet()})
	require.NoError(n.t, err)
	n.hub = stream.New(db, stream.Options{Logger: sqldbtest.Quiet()})
	n.rooms, err = rooms.New(ctx, rooms.Options{
		DB: db, Hub: n.hub, ServerName: "a", Signer: &signing.Signer{ServerName: "a", Key: n.key}, Remote: noRemote{},
		DefaultVersion: "12", Now: time.Now, Log: sqldbtest.Quiet(),
	})
	require.NoError(n.t, err)
	n.accounts, err = accounts.New(ctx, accounts.Options{
		DB: db, Hub: n.hub, Rooms: n.rooms, ServerName: "a", Log: sqldbtest.Quiet(), FastHash: true,
	})
	require.NoError(n.t, err)
	v := view.New(view.Options{Rooms: n.rooms, Renderer: view.Plain, Reader: n.accounts, Now: time.Now})
	n.handler = New(Options{Rooms: n.rooms, Accounts: n.accounts, View: v, Hub: n.hub, Log: sqldbtest.Quiet()})
	n.stop = func() {
		ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(n.t, n.accounts.Close(ending))
		require.NoError(n.t, n.rooms.Close(ending))
		require.NoError(n.t, db.Close())
	}
}

func (n *node) restart() {
	n.stop()
	n.start()
}

func (n *node) client(user string, params ...string) *client {
	w := &world{t: n.t}
	return w.client(n.handler, user, params...)
}

func (n *node) create(creator string, invite ...string) *modelRoom {
	id, err := n.rooms.Create(n.t.Context(), rooms.CreateRequest{Creator: creator, Preset: "public_chat", Invite: invite})
	require.NoError(n.t, err)
	return &modelRoom{id: id}
}

func (n *node) member(room *modelRoom, sender, target, membership string) {
	_, err := n.rooms.SetMembership(n.t.Context(), rooms.MembershipRequest{RoomID: room.id, Sender: sender, Target: target, Membership: membership})
	require.NoError(n.t, err)
}

func (n *node) say(room *modelRoom, sender, body string) string {
	content, err := json.Marshal(map[string]string{"msgtype": "m.text", "body": body})
	require.NoError(n.t, err)
	id, err := n.rooms.Send(n.t.Context(), rooms.SendRequest{RoomID: room.id, Sender: sender, Type: "m.room.message", Content: content})
	require.NoError(n.t, err)
	return id
}

func (n *node) state(room *modelRoom, sender, typ, key, content string) {
	_, err := n.rooms.Send(n.t.Context(), rooms.SendRequest{RoomID: room.id, Sender: sender, Type: typ, StateKey: &key, Content: json.RawMessage(content)})
	require.NoError(n.t, err)
}

func (n *node) currentState(room *modelRoom) map[string]string {
	events, err := n.rooms.CurrentState(n.t.Context(), room.id)
	require.NoError(n.t, err)
	out := map[string]string{}
	for _, ev := range events {
		out[stateKeyOf(ev.Type, *ev.StateKey)] = ev.ID
	}
	return out
}

func TestRealRoomsFromInviteToArchive(t *testing.T) {
	n := newNode(t)
	room := n.create(alice, bob)
	a, b := n.client(alice), n.client(bob, "filter", "{}")
	a.sync()
	b.sync()
	require.Equal(t, n.currentState(room), a.joined[room.id])
	require.True(t, b.section("invite", room).Exists())
	n.member(room, bob, bob, "join")
	n.say(room, alice, "hello")
	b.sync()
	require.Equal(t, n.currentState(room), b.joined[room.id])
	require.Contains(t, b.bodies(room), "hello")
	require.Equal(t, int64(1), b.section("join", room).Get("unread_notifications.notification_count").Int())
	a.sync()
	n.rooms.SetTyping(room.id, bob, time.Minute)
	receipt := n.say(room, bob, "hi")
	require.NoError(t, n.rooms.SetReceipt(t.Context(), rooms.Receipt{RoomID: room.id, UserID: bob, Type: "m.read", EventID: receipt}))
	a.sync()
	require.Equal(t, []string{"hi"}, a.bodies(room))
	require.Contains(t, a.section("join", room).Raw, "m.typing")
	require.Contains(t, a.section("join", room).Raw, "m.receipt")
	n.member(room, alice, bob, "ban")
	n.say(room, alice, "not for bob")
	b.sync()
	require.True(t, b.section("leave", room).Exists())
	require.NotContains(t, b.last.Raw, "not for bob")
}

// Bundled relations come whether the stream still remembers them or not.
func TestRealRelationsAreBundled(t *testing.T) {
	n := newNode(t)
	room := n.create(alice)
	root := n.say(room, alice, "root")
	content := json.RawMessage(fmt.Sprintf(`{"body":"y","msgtype":"m.text","m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, root))
	_, err := n.rooms.Send(t.Context(), rooms.SendRequest{RoomID: room.id, Sender: alice, Type: "m.room.message", Content: content})
	require.NoError(t, err)
	for range 2 {
		c := n.client(alice)
		c.sync()
		events := c.section("join", room).Get("timeline.events").Array()
		require.Equal(t, root, events[len(events)-2].Get("event_id").Str)
		require.Equal(t, int64(1), events[len(events)-2].Get(`unsigned.m\.relations.m\.thread.count`).Int())
		n.restart()
	}
}

// Whoever writes and reads at the same time: every reader gets every event once, and all in the same order.
func TestAllReadersSeeOneOrder(t *testing.T) {
	n := newNode(t)
	room := n.create(alice)
	n.member(room, bob, bob, "join")
	n.member(room, carol, carol, "join")
	const each = 40
	var readers []*client
	for i, user := range []string{alice, bob, carol, bob} {
		c := n.client(user, "filter", `{"room":{"timeline":{"limit":100}}}`)
		c.device.DeviceID = fmt.Sprint(i)
		c.sync()
		c.timeline = map[string][]string{}
		readers = append(readers, c)
	}
	var group errgroup.Group
	for _, user := range []string{alice, bob, carol} {
		group.Go(func() error {
			for i := range each {
				content := json.RawMessage(fmt.Sprintf(`{"msgtype":"m.text","body":"%d"}`, i))
				if _, err := n.rooms.Send(t.Context(), rooms.SendRequest{RoomID: room.id, Sender: user, Type: "m.room.message", Content: content}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, c := range readers {
		group.Go(func() error {
			for len(c.timeline[room.id]) < 3*each {
				answer, err := c.request(c.since, "timeout", "10000")
				if err != nil {
					return err
				}
				c.apply(answer)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	for _, c := range readers {
		require.Zero(t, c.gaps[room.id])
		require.Equal(t, readers[0].timeline[room.id], c.timeline[room.id])
	}
	require.Len(t, readers[0].timeline[room.id], 3*each)
}

func TestRealRingAndSQLGiveTheSameAnswer(t *testing.T) {
	n := newNode(t)
	room, other := n.create(alice), n.create(alice)
	n.member(room, bob, bob, "join")
	n.member(other, bob, bob, "join")
	c := n.client(bob)
	fixed := time.Now().Add(time.Hour)
	c.sync()
	n.state(room, alice, "m.room.topic", "", `{"topic":"x"}`)
	n.state(room, alice, "m.room.topic", "", `{"topic":"y"}`)
	n.member(room, carol, carol, "join")
	receipt := n.say(room, alice, "one")
	require.NoError(t, n.rooms.SetReceipt(t.Context(), rooms.Receipt{RoomID: room.id, UserID: alice, Type: "m.read", EventID: receipt}))
	require.NoError(t, n.accounts.SetAccountData(t.Context(), bob, "", "m.direct", json.RawMessage(`{}`)))
	n.say(other, alice, "two")
	ask := func() string {
		since, err := ParseToken(c.since)
		require.NoError(t, err)
		since.Epoch, since.Ephemeral = n.hub.Epoch(), n.hub.EphemeralPosition()
		n.handler.view = view.New(view.Options{Rooms: n.rooms, Renderer: view.Plain, Reader: n.accounts, Now: func() time.Time { return fixed }})
		body, err := n.handler.poll(t.Context(), &query{device: c.device, filter: &Filter{}, stateName: "state", since: since}).answer(false, false)
		require.NoError(t, err)
		answer := string(body)
		return answer
	}
	ring := ask()
	epoch := n.hub.Epoch()
	n.restart()
	sql := ask()
	require.Contains(t, ring, "two")
	require.Equal(t, replace(ring, epoch), replace(sql, n.hub.Epoch()))
}

func replace(body, epoch string) string {
	out := body
	for i := 0; i+len(epoch) <= len(out); i++ {
		if out[i:i+len(epoch)] == epoch {
			return out[:i] + "EPOCH" + out[i+len(epoch):]
		}
	}
	return out
}

func TestEveryDeviceEndsWithTheCurrentStateOfRealRooms(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { realHistory(t, seed) })
	}
}

func realHistory(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	n := newNode(t)
	users := []string{alice, bob, carol}
	all := []*modelRoom{n.create(alice), n.create(alice)}
	in := map[string]bool{}
	var clients []*client
	for i, user := range []string{alice, bob, carol, bob} {
		c := n.client(user, "use_state_after", fmt.Sprint(i%2 == 0), "filter", fmt.Sprintf(`{"room":{"timeline":{"limit":%d}}}`, []int{50, 2, 3, 50}[i]))
		c.device.DeviceID = fmt.Sprint(i)
		clients = append(clients, c)
	}
	for step := range 120 {
		room, user := all[r.IntN(2)], users[r.IntN(3)]
		key := room.id + user
		switch k := r.IntN(10); {
		case k < 3:
			clients[r.IntN(len(clients))].sync()
		case user != alice && (!in[key] || k == 9):
			membership := "join"
			if in[key] {
				membership = "leave"
			}
			n.member(room, user, user, membership)
			in[key] = !in[key]
		case k < 7:
			n.say(room, user, fmt.Sprint(step))
		default:
			n.state(room, alice, "m.room.topic", "", fmt.Sprintf(`{"topic":"%d"}`, step))
		}
	}
	for _, c := range clients {
		c.h = n.handler
		c.sync()
		for _, room := range all {
			if c.device.UserID == alice || in[room.id+c.device.UserID] {
				require.Equal(t, n.currentState(room), c.joined[room.id], "%s in %s", c.device.UserID, room.id)
			} else {
				require.NotContains(t, c.joined, room.id)
			}
		}
	}
}

// BenchmarkRealInitialSync is an initial sync of 50 rooms with 30 messages each from the real rooms.
func BenchmarkRealInitialSync(b *testing.B) {
	n := newNode(b)
	for range 50 {
		room := n.create(alice)
		n.member(room, bob, bob, "join")
		for i := range 30 {
			n.say(room, alice, fmt.Sprint("message ", i))
		}
	}
	filter, err := ParseFilter([]byte(`{"room":{"timeline":{"limit":30}}}`))
	require.NoError(b, err)
	q := &query{device: &accounts.Device{UserID: bob, DeviceID: "D"}, filter: filter, stateName: "state", initial: true}
	for b.Loop() {
		body, err := n.handler.poll(b.Context(), q).answer(false, false)
		if err != nil || len(body) < 50*30*100 {
			b.Fatal(err)
		}
	}
}

// BenchmarkRealWokenSync is one reader's share of a message that woke 40.
func BenchmarkRealWokenSync(b *testing.B) {
	n := newNode(b)
	var rooms []*modelRoom
	for range 50 {
		room := n.create(alice)
		n.member(room, bob, bob, "join")
		rooms = append(rooms, room)
	}
	c := n.client(bob)
	c.sync()
	since, err := ParseToken(c.since)
	require.NoError(b, err)
	n.say(rooms[7], alice, "a message of an ordinary length, as they are written in a ward at night")
	q := &query{device: c.device, filter: &Filter{}, stateName: "state", since: since, timeout: time.Minute}
	b.ReportAllocs()
	for b.Loop() {
		body, err := n.handler.poll(b.Context(), q).answer(false, false)
		if err != nil || len(body) < 300 {
			b.Fatal(err, string(body))
		}
	}
}
