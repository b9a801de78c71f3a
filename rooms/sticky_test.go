package rooms

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHowLongAnEventIsSticky(t *testing.T) {
	for pdu, want := range map[string]int64{
		`{"msc4354_sticky":{"duration_ms":60000}}`:               60_000,
		`{"msc4354_sticky":{"duration_ms":99999999999}}`:         3_600_000,
		`{"msc4354_sticky":{"duration_ms":0}}`:                   0,
		`{"msc4354_sticky":{"duration_ms":-5}}`:                  0,
		`{"msc4354_sticky":{"duration_ms":1.5}}`:                 0,
		`{"msc4354_sticky":{"duration_ms":"60000"}}`:             0,
		`{"msc4354_sticky":60000}`:                               0,
		`{"content":{"msc4354_sticky":{"duration_ms":60000}}}`:   0,
		`{"content":{"body":"\"msc4354_sticky\""},"depth":1}`:    0,
		`{"msc4354_sticky":{"duration_ms":1e3},"sender":"@a:x"}`: 0,
	} {
		require.Equal(t, want, stickyOf([]byte(pdu)), pdu)
	}
	require.EqualValues(t, 1500, stickyUntil(&Event{OriginServerTS: 1000, Sticky: 500}, 2000))
	require.EqualValues(t, 2500, stickyUntil(&Event{OriginServerTS: 9000, Sticky: 500}, 2000), "a time in the future gives no more")
}

func TestStickyEventsAreBoundedForEachUserServerAndRoom(t *testing.T) {
	s := newStickyEvents()
	nid := int64(0)
	fill := func(sender string, most stickyBounds) int {
		n := 0
		for ; s.room("!r:a", sender, most, 1000) && n < 10_000; n++ {
			nid++
			s.add("!r:a", Sticky{NID: nid, EventID: strconv.FormatInt(nid, 10), Sender: sender, Position: nid, Expires: 5000}, 1000)
		}
		return n
	}
	require.Equal(t, maxStickyOfUser, fill("@ana:a", localStickies))
	require.Equal(t, maxStickyOfUser, fill("@bo:a", localStickies))
	require.Equal(t, maxStickyOfServer, fill("@cleo:b", remoteStickies))
	require.Zero(t, fill("@dora:b", remoteStickies), "a server's users share its bound")
	require.Equal(t, maxStickyOfRoom-2*maxStickyOfUser-maxStickyOfServer, fill("@eve:c", remoteStickies))
	require.Zero(t, fill("@fay:d", remoteStickies))
	require.True(t, s.room("!r:a", "@fay:d", remoteStickies, 5000), "what has expired takes no place")
	many := make([]Sticky, maxStickyOfServer)
	for i := range many {
		many[i] = Sticky{Sender: "@gil:e", Expires: 9000}
	}
	require.False(t, s.room("!r:a", "@gil:e", remoteStickies, 5000, many...), "those that come with it count")
	require.Len(t, s.between("!r:a", 10, 20, 1000), 10)
	require.Empty(t, s.between("!r:a", 10, 20, 5000))

	s.redacted("!r:a", "15")
	require.Len(t, s.between("!r:a", 10, 20, 1000), 9)
	s.expireAll(5000)
	require.Empty(t, s.until)
	require.Empty(t, s.byRoom)
}
