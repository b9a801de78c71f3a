package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

func (n *testNode) sayOnce(room, txn string) string {
	n.t.Helper()
	id, err := n.Send(context.Background(), SendRequest{
		RoomID: room, Sender: doctor, Type: "m.room.message", Content: json.RawMessage(`{"body":"once"}`),
		Txn: &Txn{Scope: "PHONE", Path: "send/" + room, ID: txn},
	})
	require.NoError(n.t, err)
	return id
}

func TestATransactionIDIsKeptForAMonthAndNoLonger(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		n := openTestNode(t, fresh())
		ctx := context.Background()
		room := n.publicRoom("12")
		began := time.Now()
		at := func(d time.Duration) { n.ahead.Store(int64(time.Until(began.Add(d)))) }

		at(0)
		var first []string
		for i := range trimStep + 10 { // more than one step
			first = append(first, n.sayOnce(room, fmt.Sprint("early", i)))
		}
		at(10 * 24 * time.Hour)
		later := n.sayOnce(room, "later")

		at(keepTransactions - time.Hour)
		require.NoError(t, n.trimTransactions(ctx, maxTransactions))
		require.Equal(t, first[0], n.sayOnce(room, "early0"))

		at(keepTransactions + time.Hour)
		require.NoError(t, n.trimTransactions(ctx, maxTransactions))
		require.Equal(t, 1, n.count(`SELECT COUNT(*) FROM client_transactions`))
		require.Equal(t, later, n.sayOnce(room, "later"))
		require.NotEqual(t, first[0], n.sayOnce(room, "early0"), "after a month it is a new message")
	})
}

func TestTransactionIDsAreBoundedButForThoseOfTheLastDay(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	for i := range 20 {
		n.sayOnce(room, fmt.Sprint("m", i))
	}
	n.ahead.Store(int64(23 * time.Hour))
	newest := n.sayOnce(room, "new")
	require.NoError(t, n.trimTransactions(context.Background(), 5))
	require.Equal(t, 21, n.count(`SELECT COUNT(*) FROM client_transactions`), "clients may still repeat them")
	n.ahead.Store(int64(25 * time.Hour))
	require.NoError(t, n.trimTransactions(context.Background(), 5))
	require.Equal(t, 5, n.count(`SELECT COUNT(*) FROM client_transactions`))
	require.Equal(t, newest, n.sayOnce(room, "new"))
}
