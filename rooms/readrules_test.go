package rooms

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestServerACL(t *testing.T) {
	acl := parseACL(gjson.Parse(`{"allow_ip_literals":false,"allow":["*"],"deny":["*.evil.example","BAD.example",7,"on?.example"]}`))
	for server, want := range map[string]bool{
		"good.example": true, "good.example:8448": true, "a.evil.example": false, "A.EVIL.example:1": false, "evil.example": true,
		"bad.example": false, "one.example": false, "onee.example": true, "1.2.3.4": false, "1.2.3.4:80": false,
		"[::1]": false, "[::1]:443": false,
	} {
		require.Equal(t, want, acl.allows(server), server)
	}
	require.False(t, parseACL(gjson.Parse(`{}`)).allows("any.example"), "an empty list lets nobody in")
	require.True(t, parseACL(gjson.Parse(`{"allow":["1.*"]}`)).allows("1.2.3.4"))
	require.True(t, parseACL(gjson.Parse(`{"allow":["*"],"allow_ip_literals":"no"}`)).allows("1.2.3.4"), "not a truth value: the default")
}

func TestGlobMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-b-b-d", false},
		{"**", "x", true}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"*.x", "y.x", true}, {"*.x", "y.x.z", false},
		{"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	} {
		require.Equal(t, c.want, globMatches(c.pattern, c.text), "%s on %s", c.pattern, c.text)
	}
}

func TestPlainTopic(t *testing.T) {
	for content, want := range map[string]string{
		`{"topic":"old"}`: "old",
		`{"topic":"old","m.topic":{"m.text":[{"mimetype":"text/html","body":"<b>"},{"body":"plain"}]}}`: "plain",
		`{"topic":"old","m.topic":{"m.text":[{"mimetype":"text/html","body":"<b>"}]}}`:                  "",
		`{}`: "",
	} {
		require.Equal(t, want, plainTopic(gjson.Parse(content)), content)
	}
}

func TestSpaceChildrenOrder(t *testing.T) {
	child := func(room, content string, ts int64) *Event {
		return &Event{Type: "m.space.child", StateKey: &room, Sender: "@a:x", OriginServerTS: ts, JSON: []byte(`{"content":` + content + `}`)}
	}
	var children []SpaceChild
	for _, ev := range []*Event{
		child("!late:x", `{"via":["x"]}`, 9),
		child("!early:x", `{"via":["x"]}`, 3),
		child("!same:x", `{"via":["x"]}`, 3),
		child("!b:x", `{"via":["x"],"order":"b"}`, 50),
		child("!a:x", `{"via":["x"],"order":"a","suggested":true}`, 60),
		child("!badorder:x", `{"via":["x"],"order":"\n"}`, 1),
		child("!novia:x", `{}`, 1),
		child("#alias:x", `{"via":["x"]}`, 1),
	} {
		if c, ok := spaceChildOf(ev); ok {
			children = append(children, c)
		}
	}
	rand.Shuffle(len(children), func(i, j int) { children[i], children[j] = children[j], children[i] })
	slices.SortFunc(children, func(a, b SpaceChild) int {
		if a.comesBefore(&b) {
			return -1
		}
		return 1
	})
	var order []string
	for _, c := range children {
		order = append(order, c.RoomID)
	}
	require.Equal(t, []string{"!a:x", "!b:x", "!badorder:x", "!early:x", "!same:x", "!late:x"}, order)
	require.True(t, children[0].Suggested)
	require.JSONEq(t, `{"type":"m.space.child","state_key":"!a:x","sender":"@a:x","origin_server_ts":60,
		"content":{"via":["x"],"order":"a","suggested":true}}`, string(children[0].Stripped))
}

func TestEarlierFirst(t *testing.T) {
	make1 := func(id string, depth int64, prev ...string) *incoming {
		return &incoming{event: &Event{ID: id, Depth: depth}, prev: prev}
	}
	// Depths are what the sender claims: the order follows prev_events, and a circle does not hang it.
	events := []*incoming{
		make1("$d", 1, "$b", "$c"), make1("$c", 9, "$a", "$b"), make1("$b", 5, "$a", "$outside"), make1("$a", 7),
		make1("$x", 2, "$y"), make1("$y", 2, "$x"),
	}
	for range 20 {
		rand.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		sorted := earlierFirst(slices.Clone(events), func(in *incoming) []string { return in.prev })
		at := map[string]int{}
		for i, in := range sorted {
			at[in.event.ID] = i
		}
		require.Len(t, at, len(events))
		for _, pair := range [][2]string{{"$a", "$b"}, {"$a", "$c"}, {"$b", "$d"}, {"$c", "$d"}, {"$b", "$c"}} {
			require.Less(t, at[pair[0]], at[pair[1]], "%v", pair)
		}
	}
}

func TestDirectoryPagesBothWays(t *testing.T) {
	var rooms []*RoomSummary
	for i := range 10 {
		rooms = append(rooms, &RoomSummary{RoomID: string(rune('a' + i)), Joined: 20 - 2*i})
	}
	token := func(text string) *directoryBorder {
		border, err := parseDirectoryToken(text)
		require.NoError(t, err)
		return border
	}
	first := directoryPage(rooms, nil, 4)
	require.Equal(t, rooms[:4], first.Chunk)
	require.Empty(t, first.Prev)
	second := directoryPage(rooms, token(first.Next), 4)
	require.Equal(t, rooms[4:8], second.Chunk)
	third := directoryPage(rooms, token(second.Next), 4)
	require.Equal(t, rooms[8:], third.Chunk)
	require.Empty(t, third.Next)
	require.Equal(t, second.Chunk, directoryPage(rooms, token(third.Prev), 4).Chunk)
	back := directoryPage(rooms, token(second.Prev), 4)
	require.Equal(t, first.Chunk, back.Chunk)
	require.Empty(t, back.Prev)
	require.Equal(t, first.Next, back.Next)

	// The room at the border goes, and a new one comes before it: nothing shifts.
	changed := append([]*RoomSummary{{RoomID: "new", Joined: 99}}, append(slices.Clone(rooms[:3]), rooms[4:]...)...)
	require.Equal(t, rooms[4:8], directoryPage(changed, token(first.Next), 4).Chunk)

	for _, bad := range []string{"?", "e30", "bnVsbA", "x"} {
		_, err := parseDirectoryToken(bad)
		require.ErrorIs(t, err, ErrInvalidParam, bad)
	}
}

func FuzzDirectoryToken(f *testing.F) {
	f.Add(directoryBorder{Joined: 3, RoomID: "!a:b"}.token())
	f.Fuzz(func(t *testing.T, token string) {
		border, err := parseDirectoryToken(token)
		if err == nil && border != nil {
			again, err := parseDirectoryToken(border.token())
			require.NoError(t, err)
			require.Equal(t, border, again)
		}
	})
}

func FuzzRemoteReceipt(f *testing.F) {
	f.Add([]byte(`{"event_ids":["$a"],"data":{"ts":5,"thread_id":"main"}}`))
	r := &Rooms{now: time.Now}
	f.Fuzz(func(t *testing.T, value []byte) {
		if !json.Valid(value) {
			return
		}
		receipt, ok := r.parseRemoteReceipt("!r:x", "@u:x", gjson.ParseBytes(value))
		if ok && (len(receipt.events) == 0 || len(receipt.events) > maxReceiptIDs || len(receipt.ThreadID) > maxReceiptID || receipt.TS <= 0) {
			t.Fatalf("%+v", receipt)
		}
	})
}
