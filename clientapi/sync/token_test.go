package sync

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

func TestTokensSurviveTheWayToTheClient(t *testing.T) {
	for _, token := range []Token{
		{Position: 0, Epoch: "abc"},
		{Position: 12, ToDevice: 7, ToDevicePending: true, Epoch: "Zz9", Ephemeral: 1 << 40},
		{Position: 12, Epoch: "e", Ephemeral: 3, Late: 5, Held: []HeldRoom{{RoomNID: 3, Position: 11}}},
		{Position: 12, Epoch: "e", Held: []HeldRoom{{RoomNID: 3, Position: 11}, {RoomNID: 9, Position: 0}}},
		{Position: 12, Epoch: "e", Gaps: []Gap{{RoomNID: 3, From: 0, Start: 11, Minute: 29_000_000}}},
		{Position: 12, Epoch: "e", Held: []HeldRoom{{RoomNID: 3, Position: 11}}, Gaps: []Gap{{3, 0, 11, 29_000_000}, {4, 5, 6, 0}}},
	} {
		parsed, err := ParseToken(token.String())
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(token, parsed))
	}
}

func TestTokensAreReadStrictly(t *testing.T) {
	for _, bad := range []string{
		"", "s", "x1_2_e_3", "s1_2_e", "s01_2_e_3", "s+1_2_e_3", "s1_-2_e_3", "s1_2--_e_3", "s1_2_e!_3", "s1_2_e_3_", "s1_2_e_3_4",
		"s1_2_e_3_4.", "s99999999999999999999_2_e_3", "s1_2_e_3 ", "s1_2_e_3_4.5.6", "s1_2_e_3_4.5.6.7.8", "s1_2_e_3_4.5.6.07",
		"s1_2_e_3.0", "s1_2_e_3.05", "s1_2_e_3.", "s1_2_e_.5", "s1_2_e_3.4.5", "s1_2_e_3.-4", "s1_2_e_3_4.5.6.7_4.5", "s1_2_e_3_4.5.6.-7", "s1_2_e_3_4.5..7",
		"s1_2_e_3" + strings.Repeat("_4.5", maxHeld+1), "s1_2_e_3" + strings.Repeat("_4.5.6.7", maxGaps+1),
	} {
		_, err := ParseToken(bad)
		require.ErrorIs(t, err, ErrBadToken, bad)
	}
}

// The greatest token that there can be is still read, and so is one from before there were gaps.
func TestEveryTokenThatIsGivenOutIsRead(t *testing.T) {
	const most = int64(1)<<40 - 1
	token := Token{Position: most, ToDevice: most, ToDevicePending: true, Epoch: strings.Repeat("e", 40), Ephemeral: most, Late: most}
	for range maxHeld {
		token.Held = append(token.Held, HeldRoom{most, most})
	}
	for range maxGaps {
		token.Gaps = append(token.Gaps, Gap{most, most, most, 1 << 26})
	}
	parsed, err := ParseToken(token.String())
	require.NoError(t, err)
	require.Equal(t, token, parsed)
	parsed, err = ParseToken("s120_7_abc_9_3.110_4.115")
	require.NoError(t, err)
	require.Equal(t, []HeldRoom{{3, 110}, {4, 115}}, parsed.Held)
}

func TestHistoryTokens(t *testing.T) {
	for _, k := range []rooms.HistoryKey{{}, {Anchor: 7}, {Anchor: 7, Sub: -3}} {
		parsed, err := ParseHistory(HistoryToken(k), 1)
		require.NoError(t, err)
		require.Equal(t, k, parsed)
	}
	token := Token{Position: 100, Epoch: "e", Held: []HeldRoom{{RoomNID: 4, Position: 90}}}
	for nid, anchor := range map[int64]int64{4: 90, 5: 100} {
		k, err := ParseHistory(token.String(), nid)
		require.NoError(t, err)
		require.Equal(t, rooms.HistoryKey{Anchor: anchor}, k)
	}
	for _, bad := range []string{"", "h", "h1", "h1_", "h1_-0", "h-1_0", "7_0", "h1_2_3", "hh1_2"} {
		_, err := ParseHistory(bad, 1)
		require.ErrorIs(t, err, ErrBadToken, bad)
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("s1_2-_abc_3_4.5")
	f.Add("s1_2_abc_3_4.5_6.7_4.0.9.29000000_6.7.8.29000001")
	f.Add("s1_2_abc_3_4.0.9.29000000")
	f.Add("s1_2_abc_3.7_4.5")
	f.Add("h7_-3")
	f.Fuzz(func(t *testing.T, s string) {
		if token, err := ParseToken(s); err == nil {
			require.Equal(t, s, token.String())
		}
		if k, err := ParseHistory(s, 1); err == nil && s[0] == 'h' {
			require.Equal(t, s, HistoryToken(k))
		}
	})
}

func TestWildcards(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		expected   bool
	}{
		{"m.room.message", "m.room.message", true}, {"m.room.message", "m.room.messages", false}, {"*", "anything", true},
		{"m.*", "m.room", true}, {"m.*", "org.x", false}, {"*.message", "m.room.message", true}, {"m.*.message", "m.room.message", true},
		{"m.*.message", "m.message", false}, {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false}, {"a*a", "a", false}, {"", "", true},
	} {
		require.Equal(t, c.expected, matches(c.pattern, c.s), "%s ~ %s", c.pattern, c.s)
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add(`{"room":{"timeline":{"limit":3,"types":["m.*"]},"state":{"lazy_load_members":true}},"event_fields":["a.b"]}`)
	f.Fuzz(func(t *testing.T, s string) {
		filter, err := ParseFilter([]byte(s))
		if err == nil {
			require.LessOrEqual(t, filter.Room.Timeline.timelineLimit(), maxTimeline)
		}
	})
}
