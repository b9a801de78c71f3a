package sfu

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoIsSilentOrDoesNotComeBackIsLost(t *testing.T) {
	now := noon
	l := &lines{now: func() time.Time { return now }, most: 3, all: map[seat]*line{}}
	pipe := func() net.Conn {
		here, there := net.Pipe()
		t.Cleanup(func() { _ = here.Close(); _ = there.Close() })
		return here
	}
	silent, talking, gone, back := seat{"r", "silent"}, seat{"r", "talking"}, seat{"r", "gone"}, seat{"r", "back"}
	conns := map[seat]net.Conn{}
	for _, who := range []seat{silent, talking, gone} {
		conns[who] = &heardConn{Conn: pipe(), lines: l, who: who}
		l.opened(who, conns[who])
	}
	l.opened(back, pipe())
	require.Len(t, l.all, 3, "no more are watched than may be")
	require.NoError(t, conns[gone].Close())
	l.most = 4
	conns[back] = &heardConn{Conn: pipe(), lines: l, who: back}
	l.opened(back, conns[back])
	require.NoError(t, conns[back].Close())

	now = now.Add(longestAbsence - 1)
	require.Empty(t, l.lost())
	l.heard(talking, conns[talking])
	conns[back] = &heardConn{Conn: pipe(), lines: l, who: back}
	l.opened(back, conns[back])
	now = now.Add(1)
	require.Equal(t, []seat{gone}, l.lost())
	now = noon.Add(longestSilence)
	require.Equal(t, []seat{silent}, l.lost())
	_, err := conns[silent].Write([]byte("a leave"))
	require.Error(t, err, "what the SFU says to the one it lost does not reach them when they come back")
	l.heard(silent, conns[silent])
	require.Len(t, l.all, 2, "a connection that was given up is not taken up again")
}
