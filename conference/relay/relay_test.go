package relay

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/internal/netguard"
)

const secret = "shared with the relay"

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func start(t *testing.T, policy netguard.Policy) *Relay {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	r, err := New(t.Context(), Options{
		Listen: []string{"127.0.0.1:0"}, PublicIP: netip.MustParseAddr("127.0.0.1"), MinPort: 30000, MaxPort: 60000, Realm: "hospital.example",
		Secret: secret, Policy: policy, PerUser: 2, Total: 3, Now: time.Now, Log: logrus.NewEntry(log),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

// client connects to a relay as a user with credentials, by UDP or TCP.
func client(t *testing.T, r *Relay, network string, c Credentials) *turn.Client {
	t.Helper()
	at := r.Addrs()[0].String()
	var conn net.PacketConn
	if network == "tcp" {
		stream, err := net.Dial("tcp", at)
		require.NoError(t, err)
		conn = turn.NewSTUNConn(stream)
	} else {
		var err error
		conn, err = net.ListenPacket("udp4", "127.0.0.1:0")
		require.NoError(t, err)
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	cl, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: at, TURNServerAddr: at, Conn: conn, Username: c.Username, Password: c.Password, Realm: "hospital.example", LoggerFactory: quiet,
	})
	require.NoError(t, err)
	require.NoError(t, cl.Listen())
	t.Cleanup(func() { cl.Close(); _ = conn.Close() })
	return cl
}

func good(user string) Credentials {
	return NewCredentials(secret, user, time.Now().Add(time.Hour))
}

// ping sends from a relayed address to a peer, as media do again and again, and reports whether it arrived and an answer came back.
func ping(t *testing.T, relayed net.PacketConn) bool {
	t.Helper()
	peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, peer.Close()) }()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	go func() { // answers each
		buffer := make([]byte, 100)
		for {
			n, from, err := peer.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = peer.WriteTo(append([]byte("answer to "), buffer[:n]...), from)
		}
	}()
	buffer := make([]byte, 100)
	for ctx.Err() == nil {
		if _, err := relayed.WriteTo([]byte("hello"), peer.LocalAddr()); err != nil {
			t.Log(err)
			return false
		}
		require.NoError(t, relayed.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		if n, _, err := relayed.ReadFrom(buffer); err == nil {
			return string(buffer[:n]) == "answer to hello"
		}
	}
	return false
}

func TestMediaGoThroughTheRelayByUDPAndTCP(t *testing.T) {
	r := start(t, netguard.Policy{Allow: []netip.Prefix{loopback}})
	for _, network := range []string{"udp", "tcp"} {
		relayed, err := client(t, r, network, good("@ana:hospital.example")).Allocate()
		require.NoError(t, err, network)
		require.True(t, ping(t, relayed), network)
		require.NoError(t, relayed.Close())
	}
}

func TestWhoMayNotUseTheRelay(t *testing.T) {
	r := start(t, netguard.Policy{Allow: []netip.Prefix{loopback}})
	ended := NewCredentials(secret, "@ana:hospital.example", time.Now().Add(-time.Minute))
	for name, c := range map[string]Credentials{
		"ended":          ended,
		"another secret": NewCredentials("another", "@ana:hospital.example", time.Now().Add(time.Hour)),
		"another end":    {Username: "9" + ended.Username, Password: ended.Password},
		"no end":         {Username: "@ana:hospital.example", Password: passwordOf(secret, "@ana:hospital.example")},
		"no user":        NewCredentials(secret, "", time.Now().Add(time.Hour)),
	} {
		_, err := client(t, r, "udp", c).Allocate()
		require.Error(t, err, name)
	}
}

func TestPrivateNetworksAreNotReachedThroughTheRelay(t *testing.T) {
	r := start(t, netguard.Policy{})
	relayed, err := client(t, r, "udp", good("@ana:hospital.example")).Allocate()
	require.NoError(t, err)
	defer func() { _ = relayed.Close() }()
	for _, private := range []string{"127.0.0.1:9", "10.0.0.1:22", "192.168.1.1:80", "169.254.169.254:80"} {
		to, err := net.ResolveUDPAddr("udp", private)
		require.NoError(t, err)
		_, err = relayed.WriteTo([]byte("x"), to)
		require.Error(t, err, private)
	}
}

func TestOneUserDoesNotTakeTheWholeRelay(t *testing.T) {
	r := start(t, netguard.Policy{Allow: []netip.Prefix{loopback}})
	allocate := func(user string) (net.PacketConn, error) { return client(t, r, "udp", good(user)).Allocate() }
	first, err := allocate("@ana:hospital.example")
	require.NoError(t, err)
	_, err = allocate("@ana:hospital.example")
	require.NoError(t, err)
	_, err = allocate("@ana:hospital.example")
	require.Error(t, err, "two for each")
	_, err = allocate("@bo:hospital.example")
	require.NoError(t, err)
	_, err = allocate("@chen:hospital.example")
	require.Error(t, err, "three for all")
	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { _, err := allocate("@chen:hospital.example"); return err == nil }, 20*time.Second, 50*time.Millisecond)
}
