package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
	"medixchange/conference/sfu"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// liveKitEnv names a livekit-server to test with instead of the LiveKit that this program holds.
const liveKitEnv = "MEDIX_TEST_LIVEKIT"

const (
	liveKitKey    = "hospital"
	liveKitSecret = "a secret that is long enough to be one"
)

// liveKit is one that the hospital does not run.
type liveKit struct {
	t                *testing.T
	signal, udp, tcp int
	hospital         *testhospital.Hospital
	url              string
}

// external is a hospital's setting for it.
func (l *liveKit) external(c *config.Config) {
	c.PublicBaseURL = "http://" + c.Listen.Client[0]
	s := &c.Conference.SFU
	s.Mode, s.URL, s.Key, s.Secret = config.SFUExternal, l.url, liveKitKey, liveKitSecret
	s.PublicIP = ""
	s.AllowPrivate = c.Federation.AllowPrivate
}

// start runs it, with the hospital told of what happens.
func (l *liveKit) start() {
	l.t.Helper()
	body, err := json.Marshal(map[string]any{
		"port": l.signal, "bind_addresses": []string{"127.0.0.1"}, "keys": map[string]string{liveKitKey: liveKitSecret},
		"rtc": map[string]any{
			"udp_port": l.udp, "tcp_port": l.tcp, "node_ip": "127.0.0.1", "use_external_ip": false, "enable_loopback_candidate": true,
			"ips": map[string]any{"includes": []string{"127.0.0.1/32"}}, "stun_servers": []string{fmt.Sprintf("127.0.0.1:%d", l.udp)},
		},
		"room":    map[string]any{"auto_create": false},
		"webhook": map[string]any{"api_key": liveKitKey, "urls": []string{l.hospital.URL + sfu.WebhookPath}},
		"logging": map[string]any{"level": "error"},
	})
	require.NoError(l.t, err)
	self, err := os.Executable()
	require.NoError(l.t, err)
	cmd := exec.Command(self, "sfu")
	if server := os.Getenv(liveKitEnv); server != "" {
		cmd = exec.Command(server, "--config-body", string(body))
	}
	in, err := cmd.StdinPipe()
	require.NoError(l.t, err)
	require.NoError(l.t, cmd.Start())
	l.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	_, _ = io.WriteString(in, string(body)+"\n") // a livekit-server does not read it
	require.Eventually(l.t, func() bool {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", l.signal))
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, patience, pause)
}

// failing stands before a LiveKit and refuses what it is asked by each method for some times.
type failing struct {
	proxy *httputil.ReverseProxy
	left  map[string]*atomic.Int32 // by method of the RoomService
}

func (f *failing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if left := f.left[path.Base(r.URL.Path)]; left != nil && left.Add(-1) >= 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"code":"unavailable","msg":"no response from servers"}`)
		return
	}
	f.proxy.ServeHTTP(w, r)
}

// failingLiveKit starts one, with a hospital and Ana's and Eve's room.
func failingLiveKit(t *testing.T) (f *failing, m *meeting, eve *testhospital.User) {
	l := &liveKit{t: t, signal: freePort(t), udp: freePort(t), tcp: freePort(t)}
	f = &failing{left: map[string]*atomic.Int32{"RemoveParticipant": {}, "UpdateParticipant": {}}}
	f.proxy = httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", l.signal)})
	before := httptest.NewServer(f)
	t.Cleanup(before.Close)
	l.url = "ws" + strings.TrimPrefix(before.URL, "http")
	l.hospital = hospitals(t, 1, l.external)[0]
	l.start()
	m = &meeting{a: l.hospital, urlA: l.url}
	m.ana = m.a.User("ana")
	m.room = m.ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	eve = m.a.User("eve")
	eve.Join(m.room)
	return f, m, eve
}

// TestWhatTheSFUFailsToDoIsAskedAgainSoon: not only when who is there is next compared with who may be, which is seldom.
func TestWhatTheSFUFailsToDoIsAskedAgainSoon(t *testing.T) {
	f, m, eve := failingLiveKit(t)
	m.joins(t, m.ana, m.a)
	other := m.joins(t, eve, m.a)

	f.left["UpdateParticipant"].Store(6)
	f.left["RemoveParticipant"].Store(8)
	began := time.Now()
	m.ana.SetState(m.room, policyType, "", map[string]any{"audio_only": true})
	other.may(false, "the policy is applied in the end")
	eve.Leave(m.room)
	other.isGone()
	require.Negative(t, f.left["UpdateParticipant"].Load())
	require.Negative(t, f.left["RemoveParticipant"].Load())
	require.Less(t, time.Since(began), 25*time.Second)
}

// TestWhoComesBackAloneIsRemovedThoughTheSFUFailsToDoItAtFirst: of a call in which nobody is who may be, nothing is noted to compare.
func TestWhoComesBackAloneIsRemovedThoughTheSFUFailsToDoItAtFirst(t *testing.T) {
	f, m, eve := failingLiveKit(t)
	status, jwt, code := askToken(eve, m.a, m.urlA, m.room)
	require.Equal(t, http.StatusOK, status, code)
	there := connect(t, m.urlA, jwt)
	eve.Leave(m.room)
	there.isGone()
	within(t, "she is not forgotten", func() bool { return len(m.a.Logged("removed from a conference", eve.ID)) > 0 })

	f.left["RemoveParticipant"].Store(8)
	back := connect(t, m.urlA, jwt) // the SFU lets her in, and reports it
	back.isGone()
	require.Negative(t, f.left["RemoveParticipant"].Load())
}

// TestAnExternalLiveKitServesAHospital: tokens, reports, removal and recording at a LiveKit that runs elsewhere.
func TestAnExternalLiveKitServesAHospital(t *testing.T) {
	l := &liveKit{t: t, signal: freePort(t), udp: freePort(t), tcp: freePort(t)}
	l.url = fmt.Sprintf("ws://127.0.0.1:%d", l.signal)
	both := hospitals(t, 2, recorded, l.external)
	l.hospital = both[0]
	l.start()
	m := &meeting{a: both[0], b: both[1]}
	m.ana, m.bo = m.a.User("ana"), m.b.User("bo")
	m.room = m.ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	m.bo.Join(m.room, m.a.Name)
	require.Equal(t, l.url, sfuURL(t, m.ana), "clients are sent there")
	m.urlA = l.url

	ana := m.joins(t, m.ana, m.a)
	status, jwt, code := askToken(m.bo, m.a, m.urlA, m.room)
	require.Equal(t, http.StatusOK, status, code)
	bo := connect(t, l.url, jwt)
	ana.talk()
	ana.show()
	bo.hears(ana.identity(), "audio")
	bo.hears(ana.identity(), "video")

	status, answer := askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	recordedOf(t, m.a, id, 2)

	began := time.Now()
	m.bo.Leave(m.room)
	bo.isGone()
	t.Logf("who left the room was gone after %s", time.Since(began).Round(time.Millisecond))
	for range 2 {
		began = time.Now()
		back, err := tryConnect(t, l.url, jwt) // the SFU lets them in, and reports it
		if err == nil {
			back.isGone()
		}
		t.Logf("who came back with the old token was gone after %s", time.Since(began).Round(time.Millisecond))
	}

	status, answer = askRecording(m.ana, m.room, "stop")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	noticed(m.ana, m.room, "org.medixchange.replay")
	found := manifestOf(t, m.a, id)
	require.Equal(t, manifest.StateFinished, found.State)
	require.Len(t, found.Tracks, 2)
}
