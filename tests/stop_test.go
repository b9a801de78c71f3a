package tests

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTerminateDrainsWithinTenSeconds: SIGTERM ends the node with code 0 in time, also while clients wait in long polls.
func TestTerminateDrainsWithinTenSeconds(t *testing.T) {
	node := newProcess(t, "")
	node.start()
	c := newCrasher(t, node)
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
	time.Sleep(100 * time.Millisecond)
	took, err := node.terminate()
	require.NoError(t, err, "the exit code is not 0: %s", node.logTail())
	require.Less(t, took, 10*time.Second)
	for range 3 {
		require.Equal(t, http.StatusOK, <-polls, "a long poll is answered, not cut")
	}
}
