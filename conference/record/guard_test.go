package record

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/netguard"
)

func TestTheRecorderConnectsToItsOwnSFUAndElsewhereByThePolicy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	address := listener.Addr().String()
	g := newGuard(netguard.Policy{})
	_, err = g.dial(t.Context(), "tcp", address)
	require.ErrorIs(t, err, netguard.ErrBlocked, "another hospital says that its SFU is on this machine")

	require.NoError(t, g.trust("ws://"+address))
	conn, err := g.dial(t.Context(), "tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.ErrorIs(t, g.check("ws://"+address+"/livekit/sfu"), netguard.ErrBlocked, "and another hospital's is not ours")
	require.NoError(t, g.check("wss://sfu.b.example"))
	for _, url := range []string{"http://sfu.example", "file:///etc/passwd", "", "wss://", "wss://user@sfu.example", "ws://%zz", "sfu.example"} {
		require.Error(t, g.check(url), url)
	}
}
