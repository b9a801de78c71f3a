package recording

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/conference/manifest"
)

func TestWhatNamesASlot(t *testing.T) {
	for text, want := range map[string]bool{
		"m.call#ROOM": true, "m.call#breakout-1": true, "org.example.board#1#2": true,
		"": false, "m.call": false, "#ROOM": false, "m.call#": false, "m.call#a b": false, "m.call#a\n": false, "m.call#\u202ea": false,
		"m.call#\xff": false, "@ana:a#x": false, "m.call#" + strings.Repeat("x", 248): true, "m.call#" + strings.Repeat("x", 249): false,
	} {
		require.Equal(t, want, isSlot(text), "%q", text)
	}
}

func TestACommandNamesASlotBeforeItsTitle(t *testing.T) {
	for text, want := range map[string][2]string{
		"":                            {"", ""},
		"Ward round":                  {"", "Ward round"},
		"m.call#breakout":             {"m.call#breakout", ""},
		"m.call#breakout  Ward round": {"m.call#breakout", "Ward round"},
		"Bed#3 round":                 {"", "Bed#3 round"},
		"#3":                          {"", "#3"},
	} {
		slotID, rest := cutSlot(text)
		require.Equal(t, want, [2]string{slotID, rest}, "%q", text)
	}
}

func TestAWishWithoutASlotIsForTheRoomsOwnCallOrTheOnlyOneRecorded(t *testing.T) {
	s := &Service{active: map[Call]*active{}}
	run := func(room, slot string) {
		rec := &Recording{RoomID: room, SlotID: slot}
		s.active[rec.call()] = newActive(rec)
	}
	own := Call{"!a", manifest.OwnSlot}
	require.Equal(t, own, s.meant("!a", ""))
	run("!b", "m.call#1")
	run("!a", "m.call#1")
	require.Equal(t, Call{"!a", "m.call#1"}, s.meant("!a", ""))
	run("!a", "m.call#2")
	require.Equal(t, own, s.meant("!a", ""), "there are two others")
	run("!a", manifest.OwnSlot)
	require.Equal(t, own, s.meant("!a", ""))
	require.Equal(t, Call{"!a", "m.call#2"}, s.meant("!a", "m.call#2"))
	for _, slot := range []string{manifest.OwnSlot, "m.call#1"} {
		s.find(Call{"!a", slot}).stop("stopped")
	}
	require.Equal(t, Call{"!a", "m.call#2"}, s.meant("!a", ""), "those that end do not count, though they are not finished yet")
	s.find(Call{"!a", "m.call#2"}).end()
	require.Equal(t, own, s.meant("!a", ""))
	require.Empty(t, own.stateKey())
	require.Equal(t, "m.call#2", s.meant("!a", "m.call#2").stateKey())
}
