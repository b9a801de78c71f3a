package federation

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/accounts"
	"medixchange/rooms"
)

func sendTransaction(from, to *endpoint, id, body string) (int, string) {
	uri := "/_matrix/federation/v1/send/" + id
	return post(to, "PUT", uri, body, signedBy(from.signer, to.name, "PUT", uri, body))
}

func TestTransactionsAreTaken(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	body := fmt.Sprintf(`{"origin":"ignored","pdus":[{"event_id":"$1"},{"event_id":"$2"},{}],"edus":[
		{"edu_type":"m.typing","content":{"room_id":"!r","user_id":"%[1]s","typing":true}},
		{"edu_type":"m.typing","content":{"room_id":"!r","user_id":"@x:other","typing":true}},
		{"edu_type":"m.receipt","content":{"!r":{}}},
		{"edu_type":"m.direct_to_device","content":{"sender":"%[1]s"}},
		{"edu_type":"m.device_list_update","content":{"user_id":"%[1]s"}},
		{"edu_type":"m.signing_key_update","content":{"user_id":"%[1]s"}},
		{"edu_type":"m.presence","content":{}},{"edu_type":"x.unknown","content":[]},{}]}`, alpha.user("a"))
	status, answer := sendTransaction(alpha, beta, "1", body)
	require.Equal(t, 200, status, answer)
	require.JSONEq(t, `{"pdus":{"$1":{},"$2":{}}}`, answer)
	require.Equal(t, []string{"!r " + alpha.user("a") + " true"}, beta.rooms.typed)
	require.Len(t, beta.rooms.read, 1)
	require.Len(t, beta.accounts.direct, 1)
	require.Len(t, beta.accounts.updates, 2)
}

func TestTransactionsThatComeAgain(t *testing.T) {
	a := newAuthority(t)
	alpha, gamma, beta := newEndpoint(t, a), newEndpoint(t, a), newEndpoint(t, a)
	body := `{"pdus":[{"event_id":"$1"}]}`
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if status, answer := sendTransaction(alpha, beta, "1", body); status != 200 || !strings.Contains(answer, "$1") {
				t.Errorf("status %d: %s", status, answer)
			}
		})
	}
	wg.Wait()
	require.Equal(t, []int{1}, beta.rooms.batches, "the same transaction is worked on once")
	status, _ := sendTransaction(gamma, beta, "1", body)
	require.Equal(t, 200, status)
	require.Equal(t, []int{1, 1}, beta.rooms.batches, "the id counts for its origin only")

	beta.rooms.refuse = fmt.Errorf("inbox: %w", rooms.ErrBusy)
	status, _ = sendTransaction(alpha, beta, "2", body)
	require.Equal(t, 503, status)
	beta.rooms.refuse = nil
	status, _ = sendTransaction(alpha, beta, "2", body)
	require.Equal(t, 200, status, "a failure is not remembered")
}

func TestTransactionsAreBounded(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	many := func(n int, one string) string { return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]" }
	for i, tc := range []struct {
		body string
		want int
	}{
		{`{"pdus":` + many(50, `{}`) + `,"edus":` + many(100, `{}`) + `}`, 200},
		{`{"pdus":` + many(51, `{}`) + `}`, 400},
		{`{"edus":` + many(101, `{}`) + `}`, 400},
		{`{"pdus":{}}`, 400},
		{`[]`, 400},
	} {
		status, answer := sendTransaction(alpha, beta, fmt.Sprint(i), tc.body)
		require.Equal(t, tc.want, status, answer)
	}
}

func TestDeviceMessagesAreNotLostToFailures(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	body := `{"pdus":[{"event_id":"$1"}],"edus":[{"edu_type":"m.direct_to_device","content":{}}]}`
	beta.accounts.fail = errors.New("disk full")
	status, _ := sendTransaction(alpha, beta, "1", body)
	require.Equal(t, 500, status, "the origin sends it again")
	require.Empty(t, beta.rooms.batches, "events do not overtake their keys")
	beta.accounts.fail = nil
	status, _ = sendTransaction(alpha, beta, "1", body)
	require.Equal(t, 200, status)

	beta.accounts.fail = accounts.ErrFull
	status, _ = sendTransaction(alpha, beta, "full", `{"edus":[{"edu_type":"m.direct_to_device","content":{}}],"pdus":[]}`)
	require.Equal(t, 503, status, "the origin keeps it and comes again")
	beta.accounts.fail = accounts.ErrBadJSON
	status, _ = sendTransaction(alpha, beta, "2", `{"edus":[{"edu_type":"m.direct_to_device","content":{}}],"pdus":[{"event_id":"$2"}]}`)
	require.Equal(t, 200, status, "a malformed EDU spoils nothing else")
	require.Equal(t, []string{"$1", "$2"}, beta.rooms.ids())
	require.True(t, refused(fmt.Errorf("x: %w", rooms.ErrForbidden)))
	require.False(t, refused(errors.New("disk full")))
}
