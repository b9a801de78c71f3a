package tests

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// TestBadInputIsRefusedAndNothingIsStored sends what a broken or hostile client would: each gets the specification's error,
// and the room stays as it was.
func TestBadInputIsRefusedAndNothingIsStored(t *testing.T) {
	h := testhospital.Start(t)
	u, stranger := h.User("nurse"), h.User("stranger")
	room := u.CreateRoom(testhospital.Room{})
	before := u.Must(http.MethodGet, messagesPath(room), nil).Get("chunk.#").Int()
	send := "/_matrix/client/v3/rooms/" + url.PathEscape(room) + "/send/m.room.message/"
	deep := strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000)

	for i, c := range []struct {
		name, method, path, body string
		by                       *testhospital.User
		status                   int
		code                     string
	}{
		{"no JSON", http.MethodPut, send, `{"body":`, u, 400, "M_NOT_JSON"},
		{"no object", http.MethodPut, send, `["a"]`, u, 400, "M_BAD_JSON"},
		{"a duplicate key", http.MethodPut, send, `{"body":"a","body":"b"}`, u, 400, "M_BAD_JSON"},
		{"deep nesting", http.MethodPut, send, deep, u, 400, "M_BAD_JSON"},
		{"a float", http.MethodPut, send, `{"body":"a","n":1.5}`, u, 400, "M_BAD_JSON"},
		{"a large integer", http.MethodPut, send, `{"body":"a","n":9007199254740993}`, u, 400, "M_BAD_JSON"},
		{"broken UTF-8", http.MethodPut, send, "{\"body\":\"\xff\"}", u, 400, "M_NOT_JSON"},
		{"over 65,536 bytes", http.MethodPut, send, `{"body":"` + strings.Repeat("a", 66_000) + `"}`, u, 413, "M_TOO_LARGE"},
		{"far over", http.MethodPut, send, `{"body":"` + strings.Repeat("a", 3<<20) + `"}`, u, 413, "M_TOO_LARGE"},
		{"a stranger", http.MethodPut, send, `{"body":"a"}`, stranger, 403, "M_FORBIDDEN"},
		{"an unknown room", http.MethodPut, strings.Replace(send, url.PathEscape(room), "%21nowhere", 1), `{"body":"a"}`, u, 0, ""},
		{"somebody else's state", http.MethodPut, "/_matrix/client/v3/rooms/" + url.PathEscape(room) + "/state/x/" + url.PathEscape(stranger.ID) + "?", `{}`, u, 403, "M_FORBIDDEN"},
		{"a create event", http.MethodPut, "/_matrix/client/v3/rooms/" + url.PathEscape(room) + "/state/m.room.create/?", `{}`, u, 0, ""},
		{"a long type", http.MethodPut, "/_matrix/client/v3/rooms/" + url.PathEscape(room) + "/send/" + strings.Repeat("t", 300) + "/", `{}`, u, 0, ""},
		{"wrong type of a field", http.MethodPost, "/_matrix/client/v3/createRoom?", `{"invite":"@a:b"}`, u, 400, "M_BAD_JSON"},
		{"a token of nobody", http.MethodGet, "/_matrix/client/v3/sync?since=x", "", u, 400, "M_INVALID_PARAM"},
		{"a filter of nobody", http.MethodGet, "/_matrix/client/v3/sync?filter={", "", u, 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.path
			if !strings.Contains(path, "?") {
				path += fmt.Sprint("txn", i)
			}
			status, answer := raw(t, c.by, c.method, path, c.body)
			if c.status != 0 {
				require.Equal(t, c.status, status, answer.Raw)
			}
			require.GreaterOrEqual(t, status, 400)
			require.Less(t, status, 500, answer.Raw)
			require.NotEmpty(t, answer.Get("errcode").Str)
			require.NotEmpty(t, answer.Get("error").Str)
			if c.code != "" {
				require.Equal(t, c.code, answer.Get("errcode").Str, answer.Raw)
			}
		})
	}
	after := u.Must(http.MethodGet, messagesPath(room), nil).Get("chunk.#").Int()
	require.Equal(t, before, after, "nothing was stored")
	u.Say(room, "the node lives")
}

func messagesPath(room string) string {
	return "/_matrix/client/v3/rooms/" + url.PathEscape(room) + "/messages?dir=b&limit=100"
}

// raw sends a body as it is.
func raw(t *testing.T, u *testhospital.User, method, path, body string) (int, gjson.Result) {
	t.Helper()
	req, err := http.NewRequest(method, u.Hospital.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+u.Token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, gjson.ParseBytes(answer)
}
