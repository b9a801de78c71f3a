package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

const (
	crashRounds  = 20
	crashSenders = 4
)

// TestCrashLoopLosesNothingAcknowledged kills the node with SIGKILL under load, again and again. Whatever was answered with
// 200 is there exactly once, the same transaction id gives the same event, and old sync tokens go on.
func TestCrashLoopLosesNothingAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("kills real processes for about a minute")
	}
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		databaseURL := fresh()
		if db := openedBriefly(t, databaseURL); db == sqldb.SQLite {
			databaseURL = "" // in the data folder, which the node makes
		}
		node := newProcess(t, databaseURL)
		node.start()
		c := newCrasher(t, node)
		for round := range crashRounds {
			c.round(round)
		}
		c.checkHistory()
		c.checkSearch()
		c.checkSync()
		_, err := node.terminate()
		require.NoError(t, err)
	})
}

func openedBriefly(t *testing.T, databaseURL string) sqldb.Dialect {
	t.Helper()
	db := sqldbtest.Open(t, databaseURL)
	require.NoError(t, db.Close())
	return db.Dialect()
}

// crasher writes to a room while its node is killed, and keeps what was acknowledged.
type crasher struct {
	t      *testing.T
	node   *process
	token  string
	room   string
	since  string
	synced map[string]int // event id → how often a sync brought it

	mu    sync.Mutex
	acked map[string]string // body → event id
	order map[int][]string  // sender → bodies in the order of their acknowledgement
}

func newCrasher(t *testing.T, node *process) *crasher {
	t.Helper()
	c := &crasher{t: t, node: node, synced: map[string]int{}, acked: map[string]string{}, order: map[int][]string{}}
	res := c.must(http.MethodPost, "/_matrix/client/v3/register", map[string]any{
		"username": "nurse", "password": "pw", "auth": map[string]string{"type": "m.login.dummy"},
	})
	c.token = res.Get("access_token").Str
	c.room = c.must(http.MethodPost, "/_matrix/client/v3/createRoom", map[string]any{}).Get("room_id").Str
	c.since = c.must(http.MethodGet, "/_matrix/client/v3/sync", nil).Get("next_batch").Str
	return c
}

func (c *crasher) do(ctx context.Context, method, path string, body any) (int, gjson.Result, error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, gjson.Result{}, err
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.node.url+path, reader)
	if err != nil {
		return 0, gjson.Result{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, gjson.Result{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, gjson.ParseBytes(raw), err
}

func (c *crasher) must(method, path string, body any) gjson.Result {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	status, answer, err := c.do(ctx, method, path, body)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, status, "%s %s: %s", method, path, answer.Raw)
	return answer
}

// round sends from several goroutines, kills the node at a random moment, starts it again, and repeats what was left
// unanswered with the same transaction id.
func (c *crasher) round(round int) {
	ctx, stop := context.WithCancel(context.Background())
	var senders sync.WaitGroup
	open := make([]string, crashSenders)
	for s := range crashSenders {
		senders.Add(1)
		go func() {
			defer senders.Done()
			for n := 0; ctx.Err() == nil; n++ {
				body := fmt.Sprintf("r%d-s%d-n%d-%s", round, s, n, wordOf(round, s, n))
				if !c.send(ctx, s, body) {
					open[s] = body
					return
				}
			}
		}()
	}
	time.Sleep(time.Duration(50+rand.IntN(250)) * time.Millisecond)
	c.node.kill()
	stop()
	senders.Wait()
	c.node.start()
	for s, body := range open {
		if body != "" {
			require.True(c.t, c.send(context.Background(), s, body), "repeating %s after the restart", body)
		}
	}
	c.repeatSome()
	c.sync()
}

// send reports whether the message was acknowledged; its body is its transaction id too.
func (c *crasher) send(ctx context.Context, sender int, body string) bool {
	path := "/_matrix/client/v3/rooms/" + url.PathEscape(c.room) + "/send/m.room.message/" + body
	status, answer, err := c.do(ctx, http.MethodPut, path, map[string]string{"msgtype": "m.text", "body": body})
	if err != nil || status != http.StatusOK {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acked[body] = answer.Get("event_id").Str
	c.order[sender] = append(c.order[sender], body)
	return true
}

// repeatSome sends acknowledged messages again: they must give the event that they gave before the crash.
func (c *crasher) repeatSome() {
	c.t.Helper()
	for sender, bodies := range c.order {
		body := bodies[len(bodies)-1]
		before := c.acked[body]
		path := "/_matrix/client/v3/rooms/" + url.PathEscape(c.room) + "/send/m.room.message/" + body
		answer := c.must(http.MethodPut, path, map[string]string{"msgtype": "m.text", "body": body})
		require.Equal(c.t, before, answer.Get("event_id").Str, "sender %d repeats %s", sender, body)
	}
}

// sync goes on from the token that a client kept over the crash.
func (c *crasher) sync() {
	c.t.Helper()
	filter := url.QueryEscape(`{"room":{"timeline":{"limit":100}}}`)
	answer := c.must(http.MethodGet, "/_matrix/client/v3/sync?filter="+filter+"&since="+url.QueryEscape(c.since), nil)
	c.since = answer.Get("next_batch").Str
	answer.Get("rooms.join").ForEach(func(_, room gjson.Result) bool {
		for _, ev := range room.Get("timeline.events").Array() {
			c.synced[ev.Get("event_id").Str]++
		}
		if room.Get("timeline.limited").Bool() {
			c.fill(room.Get("timeline.prev_batch").Str)
		}
		return true
	})
}

// fill reads what a limited timeline left out, until it meets what is known.
func (c *crasher) fill(from string) {
	c.t.Helper()
	for from != "" {
		page := c.messages(from)
		for _, ev := range page.Get("chunk").Array() {
			if c.synced[ev.Get("event_id").Str] > 0 {
				return
			}
			c.synced[ev.Get("event_id").Str]++
		}
		from = page.Get("end").Str
	}
}

func (c *crasher) messages(from string) gjson.Result {
	c.t.Helper()
	query := url.Values{"dir": {"b"}, "limit": {"500"}}
	if from != "" {
		query.Set("from", from)
	}
	return c.must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(c.room)+"/messages?"+query.Encode(), nil)
}

// checkHistory proves that every acknowledged message is in the history exactly once, each sender's in order.
func (c *crasher) checkHistory() {
	c.t.Helper()
	var bodies []string
	count, byID := map[string]int{}, map[string]string{}
	for from := ""; ; {
		page := c.messages(from)
		for _, ev := range page.Get("chunk").Array() {
			if body := ev.Get("content.body").Str; body != "" {
				bodies = append(bodies, body)
				count[body]++
				byID[ev.Get("event_id").Str] = body
			}
		}
		if from = page.Get("end").Str; from == "" {
			break
		}
	}
	for body, id := range c.acked {
		require.Equal(c.t, 1, count[body], "%s was acknowledged", body)
		require.Equal(c.t, body, byID[id])
	}
	place := map[string]int{}
	for i, body := range bodies {
		place[body] = len(bodies) - i
	}
	for _, sent := range c.order {
		for i := 1; i < len(sent); i++ {
			require.Less(c.t, place[sent[i-1]], place[sent[i]], "%s was acknowledged before %s", sent[i-1], sent[i])
		}
	}
	c.t.Logf("%d messages acknowledged over %d kills", len(c.acked), crashRounds)
	require.NotEmpty(c.t, c.acked)
}

// checkSync proves that a client that went on with its tokens has everything once.
func (c *crasher) checkSync() {
	c.t.Helper()
	for body, id := range c.acked {
		require.Equal(c.t, 1, c.synced[id], "%s by sync", body)
	}
}
