package notify_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/accounts"
	"medixchange/accounts/notify"
	"medixchange/internal/testhospital"
	"medixchange/rooms"
)

// BenchmarkRead measures what one message in a room of 300 members costs the reader of the stream: with no pushers at all,
// with pushers elsewhere only, and with pushers of every member.
func BenchmarkRead(b *testing.B) {
	const members = 300
	h := testhospital.Start(b, loopback)
	ana, out := h.User("ana"), h.User("out")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	users := make([]string, members)
	for i := range users {
		session, err := h.Node().Accounts.Register(b.Context(), accounts.Registration{Localpart: fmt.Sprint("u", i), NoLogin: true})
		require.NoError(b, err)
		users[i] = session.UserID
		_, err = h.Node().Rooms.SetMembership(b.Context(), rooms.MembershipRequest{
			RoomID: room, Sender: users[i], Target: users[i], Membership: "join"})
		require.NoError(b, err)
	}
	n := newNotifier(b, h)
	from := h.Node().Hub.Position()
	ana.Say(room, "bed 4 needs oxygen")
	upto := h.Node().Hub.Position()
	measure := func(name string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := n.Read(context.Background(), from, upto); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	measure("nobody")
	setPusher(b, h, out.ID)
	measure("elsewhere")
	for _, userID := range users {
		setPusher(b, h, userID)
	}
	measure("everybody")
}

func setPusher(tb testing.TB, h *testhospital.Hospital, userID string) {
	p := accounts.Pusher{PushKey: userID, AppID: "app", Kind: "http", AppDisplayName: "App", DeviceDisplayName: "Phone", Lang: "en",
		Data: []byte(`{"url":"http://127.0.0.1:1/_matrix/push/v1/notify"}`)}
	require.NoError(tb, h.Node().Accounts.SetPusher(tb.Context(), &accounts.Device{UserID: userID}, p, false))
}

// newNotifier makes a second notifier on a running node, which sends nothing.
func newNotifier(tb testing.TB, h *testhospital.Hospital) *notify.Notifier {
	log := logrus.New()
	log.SetOutput(io.Discard)
	node := h.Node()
	n, err := notify.New(notify.Options{DB: node.DB, Hub: node.Hub, Rooms: node.Rooms, Accounts: node.Accounts, View: node.View,
		AllowPrivate: h.Config.Push.AllowPrivate, Log: logrus.NewEntry(log)})
	require.NoError(tb, err)
	return n
}
