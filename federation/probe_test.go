package federation

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDiscoveryTellsItsSteps: an examination says where a server was found and what was wrong on the way.
func TestDiscoveryTellsItsSteps(t *testing.T) {
	f := &fakeNet{
		wellKnown: map[string]string{"good.example": `{"m.server":"matrix.good.example:443"}`, "broken.example": "<html>", "missing.example": "404"},
		srv: map[string][]*net.SRV{
			"matrix-fed missing.example": {{Target: "one.example.", Port: 1}, {Target: "two.example.", Port: 2}},
			"matrix broken.example":      {{Target: "old.example.", Port: 3}},
		},
	}
	d := f.discovery(&fakeClock{})

	l, err := d.locate(t.Context(), "good.example")
	require.NoError(t, err)
	require.Equal(t, WellKnownFile{Asked: true, Status: 200, Server: "matrix.good.example:443"}, l.WellKnown)
	require.Equal(t, []Place{{Addr: "matrix.good.example:443", Name: "matrix.good.example", Host: "matrix.good.example:443"}}, l.Places)

	l, err = d.locate(t.Context(), "broken.example")
	require.NoError(t, err)
	require.Error(t, l.WellKnown.Err)
	require.Equal(t, "matrix", l.Service)

	l, err = d.locate(t.Context(), "missing.example")
	require.NoError(t, err)
	require.Equal(t, 404, l.WellKnown.Status)
	require.Equal(t, "matrix-fed", l.Service)
	require.Len(t, l.Places, 2)

	l, err = d.locate(t.Context(), "192.0.2.1:443")
	require.NoError(t, err)
	require.True(t, l.Direct)
	require.False(t, l.WellKnown.Asked)

	_, err = d.locate(t.Context(), "no name")
	require.ErrorIs(t, err, errServerName)
}
