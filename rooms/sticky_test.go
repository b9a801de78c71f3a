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
	fill := func(sender string, local bool) int {
		n := 0
		for ; s.room("!r:a", sender, local, 1000) && n < 10_000; n++ {
			nid++
			s.add("!r:a", Sticky{NID: nid, EventID: strconv.FormatInt(nid, 10), Sender: sender, Position: nid, Expires: 5000}, 1000)
		}
		return n
	}
	require.Equal(t, maxStickyOfUser, fill("@ana:a", true))
	require.Equal(t, maxStickyOfUser, fill("@bo:a", true))
	require.Equal(t, maxStickyOfServer, fill("@cleo:b", false))
	require.Zero(t, fill("@dora:b", false), "a server's users share its bound")
	require.Equal(t, maxStickyOfRoom-2*maxStickyOfUser-maxStickyOfServer, fill("@eve:c", false))
	require.Zero(t, fill("@fay:d", false))
	require.True(t, s.room("!r:a", "@fay:d", false, 5000), "what has expired takes no place")
	require.Len(t, s.between("!r:a", 10, 20, 1000), 10)
	require.Empty(t, s.between("!r:a", 10, 20, 5000))

	s.redacted("!r:a", "15")
	require.Len(t, s.between("!r:a", 10, 20, 1000), 9)
	s.expireAll(5000)
	require.Empty(t, s.until)
	require.Empty(t, s.byRoom)
}
