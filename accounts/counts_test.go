package accounts

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/accounts/pushrules"
	"medixchange/rooms"
)

func counts(t testing.TB, n *node, userID, roomID string) Counts {
	t.Helper()
	c, err := n.Counts(ctx, userID, roomID, n.hub.Position())
	require.NoError(t, err)
	return c
}

func TestCounts(t *testing.T) {
	n := newNode(t)
	ana, bo := n.user("ana"), n.user("bo")
	ward := n.town.square("!ward").join(t, bo)
	ward.say(t, bo, "before ana came")
	ward.join(t, ana, n.user("cy"))
	require.Equal(t, Counts{}, counts(t, n, ana, "!ward"))

	first := ward.say(t, bo, "one")
	ward.send(t, bo, "m.room.message", `{"msgtype":"m.text","body":"two","m.mentions":{"user_ids":["@ana:a.example"]}}`, 0)
	ward.send(t, bo, "m.room.message", `{"msgtype":"m.notice","body":"no"}`, 0)
	ward.send(t, bo, "m.reaction", `{}`, 0)
	ward.send(t, bo, "m.room.message", `{"body":"edit","m.relates_to":{"rel_type":"m.replace"}}`, 0)
	require.Equal(t, Counts{Notify: 2, Highlight: 1}, counts(t, n, ana, "!ward"))
	require.Equal(t, Counts{}, counts(t, n, bo, "!ward"), "own messages never notify")

	ward.read(t, ana, "m.read.private", "", first)
	require.Equal(t, Counts{Notify: 1, Highlight: 1}, counts(t, n, ana, "!ward"))
	last := ward.say(t, bo, "three")
	ward.read(t, ana, "m.read", "", last)
	require.Equal(t, Counts{}, counts(t, n, ana, "!ward"))
	ward.say(t, bo, "four")
	ward.say(t, ana, "I am here")
	require.Equal(t, Counts{}, counts(t, n, ana, "!ward"), "who writes has read")
	ward.say(t, bo, "five")
	ward.member(t, ana, "join")
	require.Equal(t, 1, counts(t, n, ana, "!ward").Notify, "a new name does not mean that ana looked")
	n.restart()
	require.Equal(t, 1, counts(t, n, ana, "!ward").Notify)
	require.NoError(t, n.SetAccountData(ctx, ana, "", typeIgnored, []byte(`{"ignored_users":{"@bo:a.example":{}}}`)))
	ward.say(t, bo, "six")
	require.Equal(t, 1, counts(t, n, ana, "!ward").Notify, "ignored users do not notify")
}

func TestCountsOfThreads(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, bo := n.user("ana"), n.user("bo")
		ward := n.town.square("!ward").join(t, ana, bo, n.user("cy"))
		root := ward.say(t, bo, "root")
		inThread := ward.send(t, bo, "m.room.message", `{"body":"in thread","msgtype":"m.text"}`, root.NID)
		ward.say(t, bo, "main")
		want := Counts{Notify: 2, Threads: map[string]ThreadCounts{root.ID: {Notify: 1}}}
		require.Equal(t, want, counts(t, n, ana, "!ward"))
		require.Equal(t, ThreadCounts{Notify: 3}, want.Total())
		n.restart()
		require.Equal(t, want, counts(t, n, ana, "!ward"))
		ward.read(t, ana, "m.read", mainThread, inThread)
		require.Equal(t, Counts{Notify: 1, Threads: want.Threads}, counts(t, n, ana, "!ward"))
		ward.read(t, ana, "m.read", root.ID, inThread)
		require.Equal(t, Counts{Notify: 1}, counts(t, n, ana, "!ward"))
		n.restart()
		require.Equal(t, Counts{Notify: 1}, counts(t, n, ana, "!ward"))
		ward.send(t, bo, "m.room.message", `{"body":"again","msgtype":"m.text"}`, root.NID)
		ward.send(t, ana, "m.room.message", `{"body":"mine","msgtype":"m.text"}`, root.NID)
		require.Equal(t, Counts{Notify: 1}, counts(t, n, ana, "!ward"), "writing in a thread reads that thread alone")
	})
}

func TestCountsAreExactAtThePosition(t *testing.T) {
	n := newNode(t)
	ana, bo := n.user("ana"), n.user("bo")
	ward := n.town.square("!ward").join(t, ana, bo, n.user("cy"))
	first, second := ward.say(t, bo, "one"), ward.say(t, bo, "two")
	for _, c := range []struct {
		upto int64
		want int
	}{{first.Position, 1}, {second.Position, 2}, {first.Position, 1}} {
		got, err := n.Counts(ctx, ana, "!ward", c.upto)
		require.NoError(t, err)
		require.Equal(t, c.want, got.Notify)
	}
}

// TestCountingOnIsCountingAnew moves a room at random and compares the counter that goes on with one that starts anew.
func TestCountingOnIsCountingAnew(t *testing.T) {
	n := newNode(t)
	ana, bo := n.user("ana"), n.user("bo")
	ward := n.town.square("!ward").join(t, ana, bo, n.user("cy"))
	random := rand.New(rand.NewPCG(1, 2))
	roots := []*rooms.Event{ward.say(t, bo, "root"), ward.say(t, bo, "another root")}
	pick := func() *rooms.Event { return ward.timeline[random.IntN(len(ward.timeline))] }
	newest := map[string]int64{}
	for step := range 400 {
		thread := int64(0)
		if random.IntN(3) == 0 {
			thread = roots[random.IntN(2)].NID
		}
		switch random.IntN(8) {
		case 0:
			ward.send(t, ana, "m.room.message", `{"body":"mine"}`, thread)
		case 1, 2:
			ev, threads := pick(), []string{"", mainThread, roots[0].ID, roots[1].ID}
			in := threads[random.IntN(4)]
			if ev.Position > newest[in] { // receipts never go backwards
				newest[in] = ev.Position
				ward.read(t, ana, "m.read", in, ev)
			}
		default:
			ward.send(t, bo, "m.room.message", fmt.Sprintf(`{"body":"%d","m.mentions":{"room":true,"user_ids":["@ana:a.example"]}}`, step), thread)
		}
		if random.IntN(4) != 0 {
			continue
		}
		going := counts(t, n, ana, "!ward")
		n.Accounts.counts = newCountCache()
		require.Equal(t, counts(t, n, ana, "!ward"), going, "step %d", step)
	}
}

func TestCheckpointsSpareCountingAnew(t *testing.T) {
	n := newNode(t)
	ana, bo := n.user("ana"), n.user("bo")
	ward := n.town.square("!ward").join(t, ana, bo, n.user("cy"))
	var last *rooms.Event
	const total = maxUnread + 500
	for i := range total {
		last = ward.say(t, bo, fmt.Sprint(i))
		if i%1000 == 0 {
			counts(t, n, ana, "!ward")
		}
	}
	require.Equal(t, total, counts(t, n, ana, "!ward").Notify)
	n.restart()
	require.Equal(t, total, counts(t, n, ana, "!ward").Notify)
	require.Less(t, n.town.timelines, 2*total/countPage, "the checkpoint was used")
	ward.read(t, ana, "m.read", "", ward.timeline[10])
	require.Equal(t, total-8, counts(t, n, ana, "!ward").Notify, "a receipt among what is known as sums")
	ward.read(t, ana, "m.read", "", last)
	require.Equal(t, Counts{}, counts(t, n, ana, "!ward"))
}

func TestCountsNeedNoDatabaseInTheHotPath(t *testing.T) {
	n := newNode(t)
	bo := n.user("bo")
	ward := n.town.square("!ward").join(t, bo)
	var members []string
	for i := range 40 {
		members = append(members, fmt.Sprintf("@m%d:a.example", i))
	}
	ward.join(t, members...)
	ward.say(t, bo, "first")
	for _, m := range members {
		counts(t, n, m, "!ward")
	}
	before := n.town.timelines
	ward.say(t, bo, "second")
	for _, m := range members {
		require.Equal(t, 2, counts(t, n, m, "!ward").Notify)
	}
	require.Equal(t, before, n.town.timelines)
}

func TestPushRulesAreAccountData(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, bo := n.user("ana"), n.user("bo")
		ward := n.town.square("!ward").join(t, ana, bo, n.user("cy"))
		before := n.hub.Position()
		require.NoError(t, n.PutPushRule(ctx, ana, pushrules.KindRoom, pushrules.Rule{RuleID: "!ward", Actions: actions()}, "", ""))
		require.ErrorIs(t, n.PutPushRule(ctx, ana, pushrules.KindRoom, pushrules.Rule{RuleID: ".bad", Actions: actions()}, "", ""), ErrInvalidParam)
		require.ErrorIs(t, n.PutPushRule(ctx, ana, "magic", pushrules.Rule{RuleID: "x", Actions: actions()}, "", ""), ErrInvalidParam)
		require.ErrorIs(t, n.PutPushRule(ctx, ana, pushrules.KindRoom, pushrules.Rule{RuleID: "!x", Actions: actions()}, "!none", ""), ErrUnknown)
		require.ErrorIs(t, n.DeletePushRule(ctx, ana, pushrules.KindRoom, "!none"), ErrNotFound)
		require.ErrorIs(t, n.SetAccountData(ctx, ana, "", typePushRules, []byte(`{}`)), ErrServerControlled)
		data, err := n.AccountDataSince(ctx, ana, before, n.hub.Position())
		require.NoError(t, err)
		require.Len(t, data, 1)
		require.Equal(t, typePushRules, data[0].Type)
		require.Contains(t, string(data[0].Content), `"!ward"`)
		result, err := n.Evaluate(ctx, ana, ward.say(t, bo, "quiet"))
		require.NoError(t, err)
		require.False(t, result.Notify)
		n.restart()
		require.NoError(t, n.DeletePushRule(ctx, ana, pushrules.KindRoom, "!ward"))
		result, err = n.Evaluate(ctx, ana, ward.say(t, bo, "loud"))
		require.NoError(t, err)
		require.True(t, result.Notify)

		data, err = n.AccountDataSince(ctx, bo, 0, n.hub.Position())
		require.NoError(t, err)
		require.Len(t, data, 1, "the defaults, though bo never changed them")
		require.Contains(t, string(data[0].Content), ".m.rule.master")
	})
}

func TestMayNotifyTheRoom(t *testing.T) {
	n := newNode(t)
	ana, bo := n.user("ana"), n.user("bo")
	ward := n.town.square("!ward").join(t, ana, bo, n.user("cy"))
	ev := ward.send(t, bo, "m.room.message", `{"body":"all","m.mentions":{"room":true}}`, 0)
	result, err := n.Evaluate(ctx, ana, ev)
	require.NoError(t, err)
	require.False(t, result.Highlight, "bo has not the power")
	ward.power[bo] = 50
	result, err = n.Evaluate(ctx, ana, ev)
	require.NoError(t, err)
	require.True(t, result.Highlight)
}

// BenchmarkCountsHotPath is one new message in a room with 40 members who all sync.
func BenchmarkCountsHotPath(b *testing.B) {
	n := newNode(b)
	bo := n.user("bo")
	ward := n.town.square("!ward").join(b, bo)
	var members []string
	for i := range 40 {
		members = append(members, fmt.Sprintf("@m%d:a.example", i))
	}
	ward.join(b, members...)
	for _, m := range members {
		counts(b, n, m, "!ward")
	}
	var position int64
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		if len(ward.timeline) > 1000 { // somebody reads now and then
			for _, m := range members {
				ward.read(b, m, "m.read", "", ward.timeline[len(ward.timeline)-1])
			}
			ward.timeline = ward.timeline[:0]
		}
		position = ward.say(b, bo, "hello").Position
		b.StartTimer()
		for _, m := range members {
			if _, err := n.Counts(ctx, m, "!ward", position); err != nil {
				b.Fatal(err)
			}
		}
	}
}
