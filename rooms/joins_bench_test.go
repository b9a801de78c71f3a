package rooms

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

// BenchmarkFederatedJoin is the first join to a room of another node that has 100 members and 100 other state events:
// make_join, send_join and everything that both nodes do for them, without HTTP.
func BenchmarkFederatedJoin(b *testing.B) {
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprintf("members=%d", size), func(b *testing.B) {
			w := newNetwork(b)
			n := w.add(north)
			roomID := n.publicRoom("12")
			n.fill100(roomID, size)
			for i := range b.N {
				b.StopTimer()
				s := w.addAt(fmt.Sprintf("s%d.example", i), sqldbtest.SQLite(b))
				s.publicRoom("12")
				b.StartTimer()
				s.join(roomID, s.user("doctor"), north)
			}
		})
	}
}

// fill100 gives a room 100 state events and so many members of other servers.
func (n *netNode) fill100(roomID string, members int) {
	for i := range 100 {
		n.state(roomID, n.user("creator"), fmt.Sprintf("org.example.state%d", i), "", `{"value":1}`)
	}
	for i := range members {
		user := fmt.Sprintf("@member%d:ghost%d.example", i, i%7)
		d := &draft{typ: "m.room.member", stateKey: &user, sender: user, content: []byte(`{"membership":"join","displayname":"A member"}`)}
		ev := n.net.forge(n, d, roomID, n.tips(roomID), n.authFor(roomID, d))
		in, err := formats["12"].parse(ev.JSON)
		require.NoError(n.t, err)
		_, err = n.admitOne(context.Background(), roomID, true, in)
		require.NoError(n.t, err)
	}
}
