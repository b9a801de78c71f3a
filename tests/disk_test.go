package tests

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestFullDiskRefusesWritesAndRecovers fills the disk under a running node: writes are refused with an answer that says so,
// reads go on, and when there is room again writes work without a restart. Nothing acknowledged is lost.
func TestFullDiskRefusesWritesAndRecovers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a small disk")
	}
	node := newProcess(t, "")
	if err := syscall.Mount("tmpfs", node.dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(node.dir, syscall.MNT_DETACH)) })
	t.Cleanup(func() {
		if node.cmd != nil {
			node.kill()
		}
	})
	node.start()
	c := newCrasher(t, node)
	require.True(t, c.send(context.Background(), 0, "before"))

	ballast := filepath.Join(node.dir, "ballast")
	fill(t, ballast)
	refused := false
	for i := range 2000 { // what SQLite has reserved is used up first
		path := "/_matrix/client/v3/rooms/" + url.PathEscape(c.room) + "/send/m.room.message/full" + string(rune('a'+i%26)) + time.Now().Format("150405.000000")
		status, answer, err := c.do(context.Background(), http.MethodPut, path, map[string]string{
			"msgtype": "m.text", "body": string(bytes.Repeat([]byte("x"), 20_000)),
		})
		require.NoError(t, err)
		if status == http.StatusOK {
			continue
		}
		require.Equal(t, http.StatusInsufficientStorage, status, answer.Raw)
		require.Contains(t, answer.Get("error").Str, "disk is full")
		refused = true
		break
	}
	require.True(t, refused, "the disk never became full")
	require.NotEmpty(t, c.messages("").Get("chunk").Array(), "reading goes on")

	require.NoError(t, os.Remove(ballast))
	require.Eventually(t, func() bool { return c.send(context.Background(), 0, "after") }, 20*time.Second, 100*time.Millisecond)
	c.checkHistory()
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	for _, size := range []int{1 << 20, 4 << 10} {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}
