package record_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/internal/freeport"
)

// patience is how long a busy machine may take.
const patience = 90 * time.Second

const (
	key    = "key"
	secret = "a secret that is long enough to be one"
	room   = "ward-round"
)

// program builds medix-media once, into folder.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "medix-media")
	out, err := exec.Command("go", "build", "-o", path, "medixchange/cmd/medix-media").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

var folder string

func TestMain(m *testing.M) {
	lksdk.SetLogger(logger.GetDiscardLogger())
	var err error
	if folder, err = os.MkdirTemp("", "medix-media-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// sfu is a real one, in a process of its own.
type sfu struct{ url string }

func startSFU(t *testing.T) *sfu {
	t.Helper()
	port, udp, tcp := freePort(t), freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{
		"port": port, "bind_addresses": []string{"127.0.0.1"}, "keys": map[string]string{key: secret},
		"rtc": map[string]any{
			"udp_port": udp, "tcp_port": tcp, "node_ip": "127.0.0.1", "use_external_ip": false, "enable_loopback_candidate": true,
			"ips": map[string]any{"includes": []string{"127.0.0.1/32"}}, "stun_servers": []string{},
		},
		"logging": map[string]any{"level": "error"},
	})
	require.NoError(t, err)
	start(t, "sfu", string(config)+"\n", io.Discard)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			err = conn.Close()
		}
		return err == nil
	}, patience, 50*time.Millisecond)
	return &sfu{url: "ws://" + address}
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := freeport.Take("127.0.0.1")
	require.NoError(t, err)
	return port
}

// child is medix-media while it runs.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

func start(t *testing.T, what, job string, out io.Writer) *child {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	c := &child{cmd: exec.Command(path, what)}
	c.cmd.Stderr, c.cmd.Stdout = os.Stderr, out
	c.in, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() { _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() })
	_, err = io.WriteString(c.in, job)
	require.NoError(t, err)
	return c
}

// token lets a user, or the recorder, into the room.
func (s *sfu) token(t *testing.T, userID string, recorder bool) string {
	t.Helper()
	who, err := json.Marshal(map[string]any{"user_id": userID, "device_id": "DEVICE", "recorder": recorder})
	require.NoError(t, err)
	grant := &auth.VideoGrant{RoomJoin: true, Room: room, Recorder: recorder}
	token, err := auth.NewAccessToken(key, secret).SetIdentity("id-" + userID).SetName("Name of " + userID).SetMetadata(string(who)).
		SetVideoGrant(grant).SetValidFor(time.Hour).ToJWT()
	require.NoError(t, err)
	return token
}

// recording is a recorder at work, and what it says.
type recording struct {
	*child
	job manifest.Job

	mu     sync.Mutex
	events []manifest.Event
}

func (s *sfu) job(t *testing.T, folder string) manifest.Job {
	return manifest.Job{
		ID: "abcdefgh", RoomID: "!ward:a", Title: "Ward round", By: "@lead:a", Consent: manifest.ConsentNotice, URL: s.url,
		Token: s.token(t, "@recorder:a", true), Server: "a", Folder: folder, StartedTS: time.Now().UnixMilli(), Limits: manifest.Limits{Empty: 3600},
	}
}

func record(t *testing.T, job manifest.Job) *recording {
	t.Helper()
	line, err := json.Marshal(job)
	require.NoError(t, err)
	out, w := io.Pipe()
	r := &recording{job: job}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e manifest.Event
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				r.mu.Lock()
				r.events = append(r.events, e)
				r.mu.Unlock()
			}
		}
	}()
	r.child = start(t, "record", string(line)+"\n", w)
	return r
}

func (r *recording) command(t *testing.T, c manifest.Command) {
	t.Helper()
	line, err := json.Marshal(c)
	require.NoError(t, err)
	_, err = r.in.Write(append(line, '\n'))
	require.NoError(t, err)
}

// await waits for n events that fit.
func (r *recording) await(t *testing.T, n int, fits func(manifest.Event) bool) []manifest.Event {
	t.Helper()
	var found []manifest.Event
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		found = nil
		for _, e := range r.events {
			if fits(e) {
				found = append(found, e)
			}
		}
		return len(found) >= n
	}, patience, 20*time.Millisecond)
	return found
}

// recorded waits until every track has that much on the disk.
func (r *recording) recorded(t *testing.T, tracks int, ms int64) {
	t.Helper()
	far := map[string]bool{}
	r.await(t, 1, func(e manifest.Event) bool {
		if e.Type == manifest.EventProgress && e.Duration >= ms {
			far[e.Track] = true
		}
		return len(far) >= tracks
	})
}

// end stops the recording and returns its manifest.
func (r *recording) end(t *testing.T) *manifest.Manifest {
	t.Helper()
	r.command(t, manifest.Command{Type: manifest.CommandStop, Reason: "stopped by @lead:a"})
	require.NoError(t, r.cmd.Wait())
	m, err := manifest.Read(r.job.Folder)
	require.NoError(t, err)
	return m
}
