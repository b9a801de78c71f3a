package appservice

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/encrypted"
)

// fakeNext answers as it is told.
type fakeNext struct {
	status int
	typ    string
	err    error
}

func (f *fakeNext) RoundTrip(*http.Request) (*http.Response, error) {
	if f.err != nil {
		return nil, f.err
	}
	return &http.Response{StatusCode: f.status, Header: http.Header{"Content-Type": {f.typ}}, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// TestAnOutageIsSaidWhenItBeginsThenLessAndLessAndWhenItEnds: the device calls every two seconds.
func TestAnOutageIsSaidWhenItBeginsThenLessAndLessAndWhenItEnds(t *testing.T) {
	log, now := newLogged(), time.Unix(1_800_000_000, 0)
	next := &fakeNext{status: http.StatusOK, typ: "application/json"}
	r := newReach(next, log.entry, func() time.Time { return now })
	call := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/_matrix/client/v3/sync?filter=long", nil)
		require.NoError(t, err)
		res, err := r.RoundTrip(req)
		if err == nil {
			require.NoError(t, res.Body.Close())
		}
		return err
	}
	require.NoError(t, call())
	next.err = &url.Error{Op: "Get", URL: "http://127.0.0.1/_matrix/client/v3/sync?filter=long", Err: errors.New("connection refused")}
	for range 10 * 30 { // ten minutes
		require.ErrorIs(t, call(), encrypted.ErrUnreachable)
		now = now.Add(2 * time.Second)
	}
	require.Len(t, log.lines("does not answer"), 4)
	require.Len(t, log.lines("connection refused"), 4)
	require.Empty(t, log.lines("filter"))
	require.Equal(t, 1, r.begun())
	next.err = nil
	require.NoError(t, call())
	require.NoError(t, call())
	require.Len(t, log.lines("answers again"), 1)
	require.Len(t, log.lines("after=10m0s"), 1)
}

func TestWhatIsAnOutage(t *testing.T) {
	gaveUp, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		next    fakeNext
		outages int
	}{
		"an answer":                  {t.Context(), fakeNext{status: 200, typ: "application/json"}, 0},
		"an error of the homeserver": {t.Context(), fakeNext{status: 500, typ: "application/json"}, 0},
		"no ping came to the bot":    {t.Context(), fakeNext{status: 502, typ: "application/json; charset=utf-8"}, 0},
		"of the proxy before it":     {t.Context(), fakeNext{status: 502, typ: "text/html"}, 1},
		"no connection":              {t.Context(), fakeNext{err: errors.New("refused")}, 1},
		"the caller did not wait":    {gaveUp, fakeNext{err: context.Canceled}, 0},
	} {
		r := newReach(&c.next, newLogged().entry, time.Now)
		req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, "http://127.0.0.1/", nil)
		require.NoError(t, err)
		res, err := r.RoundTrip(req)
		if err == nil {
			require.NoError(t, res.Body.Close())
		}
		require.Equal(t, c.outages, r.begun(), name)
		require.Equal(t, c.outages == 1, errors.Is(err, encrypted.ErrUnreachable), name)
	}
}
