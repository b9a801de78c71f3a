package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
)

// coturn runs Debian's coturn on this machine alone, and returns its address.
func coturn(t *testing.T, secret string) string {
	t.Helper()
	program, err := exec.LookPath("turnserver")
	if err != nil {
		const say = "coturn is not installed: run scripts/install-needs test (make test does)"
		if os.Getenv("CI") != "" {
			t.Fatal(say)
		}
		t.Skip(say)
	}
	dir, port := t.TempDir(), strconv.Itoa(freePort(t))
	cmd := exec.Command(program, "-n", "--use-auth-secret", "--static-auth-secret="+secret, "--realm=hospital.example", "--listening-ip=127.0.0.1",
		"--relay-ip=127.0.0.1", "--listening-port="+port, "--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout",
		"--pidfile="+filepath.Join(dir, "pid"), "--db="+filepath.Join(dir, "db"))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
		if t.Failed() {
			t.Logf("coturn: %s", log.String())
		}
	})
	address := "127.0.0.1:" + port
	require.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		return c.Close() == nil
	}, patience, pause, "coturn does not come up")
	return address
}

// relaying is a client of a relay with what a node told it.
func relaying(t *testing.T, address string, given gjson.Result) (*turn.Client, net.PacketConn) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: address, TURNServerAddr: address, Conn: conn, LoggerFactory: quiet, RTO: time.Second,
		Username: given.Get("username").Str, Password: given.Get("password").Str,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		client.Close()
		_ = conn.Close()
	})
	require.NoError(t, client.Listen())
	return client, conn
}

// TestAnExternalCoturnRelaysCallsAndConferences: its static-auth-secret and its addresses are all that the node needs to know.
func TestAnExternalCoturnRelaysCallsAndConferences(t *testing.T) {
	address := coturn(t, "s3cret of both")
	m := meet(t, func(c *config.Config) {
		c.Conference.Turn.URIs = []string{"turn:" + address + "?transport=udp", "turn:" + address + "?transport=tcp"}
		c.Conference.Turn.SharedSecret = "s3cret of both"
	})
	given := m.ana.Must("GET", "/_matrix/client/v3/voip/turnServer", nil)
	client, _ := relaying(t, address, given)
	relayed, err := client.Allocate()
	require.NoError(t, err)
	defer func() { require.NoError(t, relayed.Close()) }()
	peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, peer.Close()) }()
	require.NoError(t, peer.SetReadDeadline(time.Now().Add(patience)))
	_, err = relayed.WriteTo([]byte("a voice"), peer.LocalAddr())
	require.NoError(t, err)
	buffer := make([]byte, 100)
	n, from, err := peer.ReadFrom(buffer)
	require.NoError(t, err)
	require.Equal(t, "a voice", string(buffer[:n]))
	require.Equal(t, relayed.LocalAddr().String(), from.String(), "it comes from the relay")

	forged := gjson.Parse(`{"username": "` + given.Get("username").Str + `", "password": "of another secret"}`)
	other, _ := relaying(t, address, forged)
	_, err = other.Allocate()
	require.Error(t, err)

	found := examine(t, m, m.b.Name)
	for _, from := range []string{"", m.b.Name} {
		v := found[from+" relay"]
		require.True(t, v.OK, "a conference over coturn, from %q: %s", from, v.Found)
	}
}
