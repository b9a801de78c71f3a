package tests

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTerminateDrainsWithinTenSeconds: SIGTERM ends the node with code 0 in time, also while clients wait in long polls.
func TestTerminateDrainsWithinTenSeconds(t *testing.T) {
	node := newProcess(t, "")
	node.start()
	c := newCrasher(t, node)
	before := node.watches(t)
	polls := make(chan int, 3)
	for range 3 {
		go func() {
			req, err := http.NewRequest(http.MethodGet, node.url+"/_matrix/client/v3/sync?timeout=30000&since="+c.since, nil)
			if err != nil {
				polls <- 0
				return
			}
			req.Header.Set("Authorization", "Bearer "+c.token)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				polls <- 0
				return
			}
			_ = res.Body.Close()
			polls <- res.StatusCode
		}()
	}
	require.Eventually(t, func() bool { return node.watches(t) >= before+3 }, 20*time.Second, 10*time.Millisecond, "the polls wait")
	took, err := node.terminate()
	require.NoError(t, err, "the exit code is not 0: %s", node.logTail())
	require.Less(t, took, 10*time.Second)
	for range 3 {
		require.Equal(t, http.StatusOK, <-polls, "a long poll is answered, not cut")
	}
}

// watches returns how many readers wait for the stream.
func (n *process) watches(t *testing.T) int {
	t.Helper()
	res, err := http.Get(n.url + "/metrics")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	found := watchesMetric.FindSubmatch(text)
	require.NotNil(t, found)
	count, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return count
}

var watchesMetric = regexp.MustCompile(`(?m)^medix_stream_watches (\d+)$`)
