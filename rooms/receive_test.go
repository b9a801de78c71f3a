package rooms

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/strictjson"
)

// ward is a room of north that south and a user of a server without a node (ghost) are in.
type ward struct {
	*network
	n, s   *netNode
	roomID string
	ghost  string
}

const ghostServer = "ghost.example"

func newWard(t testing.TB, version string) *ward {
	w := newNetwork(t)
	h := &ward{network: w, n: w.add(north), s: w.add(south), ghost: "@ghost:" + ghostServer}
	h.roomID = h.n.publicRoom(version)
	h.s.join(h.roomID, h.s.user("doctor"), north)
	join := h.forgeNext(&draft{typ: "m.room.member", stateKey: &h.ghost, sender: h.ghost, content: []byte(`{"membership":"join"}`)})
	require.Nil(t, h.n.receive(ghostServer, join)[0].Err)
	require.Nil(t, h.s.receive(ghostServer, join)[0].Err)
	return h
}

// forgeNext makes an event on top of north's room.
func (h *ward) forgeNext(d *draft) *Event {
	return h.forge(h.n, d, h.roomID, h.n.tips(h.roomID), h.n.authFor(h.roomID, d))
}

// says makes a message of the ghost on top of others.
func (h *ward) says(body string, prev ...*Event) *Event {
	d := &draft{typ: "m.room.message", sender: h.ghost, content: fmt.Appendf(nil, `{"body":%q,"msgtype":"m.text"}`, body)}
	if len(prev) == 0 {
		prev = h.n.tips(h.roomID)
	}
	return h.forge(h.n, d, h.roomID, prev, h.n.authFor(h.roomID, d))
}

func TestReceivingInOrder(t *testing.T) {
	for _, version := range testVersions {
		t.Run(version, func(t *testing.T) {
			h := newWard(t, version)
			one := h.says("one")
			two := h.says("two", one)
			results := h.n.receive(ghostServer, two, one) // the order within a transaction does not matter
			require.Equal(t, []ReceivedPDU{{EventID: two.ID}, {EventID: one.ID}}, results)
			require.Equal(t, Accepted, h.n.outcome(one.ID))
			require.Equal(t, []string{two.ID}, idsOf(h.n.tips(h.roomID)))
			require.Less(t, h.n.event(one.ID).Position, h.n.event(two.ID).Position)
			position := h.n.db.Position()
			require.Equal(t, results, h.n.receive(ghostServer, two, one), "again")
			require.Equal(t, position, h.n.db.Position())
			require.Zero(t, h.n.count(`SELECT COUNT(*) FROM inbox`))
		})
	}
}

func TestAGapIsFilledWithMissingEvents(t *testing.T) {
	h := newWard(t, "12")
	var said []*Event
	for i := range 6 {
		said = append(said, h.n.say(h.roomID, h.n.user("creator"), fmt.Sprint(i)))
	}
	require.Nil(t, h.s.receive(north, said[5])[0].Err)
	h.s.settle()
	last := int64(0)
	for _, ev := range said {
		here := h.s.event(ev.ID)
		require.Equal(t, Accepted, here.Outcome)
		require.Greater(t, here.Position, last)
		last = here.Position
		require.False(t, here.AfterGap)
	}
	require.Equal(t, 1, h.asked("get_missing_events"))
	require.Zero(t, h.asked("state_ids"))
}

func TestALongGapIsCrossedWithTheStateAfterIt(t *testing.T) {
	for _, version := range []string{"6", "12"} {
		t.Run(version, func(t *testing.T) {
			h := newWard(t, version)
			for i := range 2 * maxMissed {
				h.n.state(h.roomID, h.n.user("creator"), "org.example", fmt.Sprint(i%10), fmt.Sprintf(`{"value":%d}`, i))
			}
			last := h.n.say(h.roomID, h.n.user("creator"), "last")
			require.Nil(t, h.s.receive(north, last)[0].Err)
			h.s.settle()
			require.Equal(t, Accepted, h.s.outcome(last.ID))
			require.Equal(t, h.n.current(h.roomID), h.s.current(h.roomID))
			require.Equal(t, 1, h.asked("state_ids"))
			require.Equal(t, 1, h.s.count(`SELECT COUNT(*) FROM gaps WHERE anchor <> (SELECT MIN(anchor) FROM gaps)`))
			h.s.fillGaps(h.roomID)
			require.Equal(t, []string{last.ID}, idsOf(h.s.tips(h.roomID)))
			h.s.requireConsistent(h.roomID)
		})
	}
}

func TestWhatIsMissingIsAwaited(t *testing.T) {
	h := newWard(t, "12")
	h.with(func() { h.down[north] = true })
	one := h.says("one")
	two := h.says("two", one)
	require.Nil(t, h.s.receive(ghostServer, two)[0].Err)
	h.s.settle()
	require.Equal(t, Outcome(-1), h.s.outcome(two.ID), "neither accepted nor rejected")
	require.Equal(t, 1, h.s.count(`SELECT COUNT(*) FROM inbox WHERE attempts = 1`))

	h.s.restart()
	require.Equal(t, 1, h.s.count(`SELECT COUNT(*) FROM inbox`))
	h.s.settle()
	require.Nil(t, h.s.receive(ghostServer, one)[0].Err)
	require.Eventually(t, func() bool { return h.s.outcome(two.ID) == Accepted }, 20*time.Second, time.Millisecond, "its parent came")
	require.Zero(t, h.s.count(`SELECT COUNT(*) FROM inbox`))
}

func TestTheInboxIsProcessedAfterARestart(t *testing.T) {
	h := newWard(t, "12")
	one := h.says("one")
	two := h.says("two", one)
	h.with(func() { h.noKey[ghostServer] = true })
	require.Nil(t, h.s.receive(ghostServer, one)[0].Err)
	require.Nil(t, h.s.receive(ghostServer, two)[0].Err)
	h.s.settle()
	require.Equal(t, 2, h.s.count(`SELECT COUNT(*) FROM inbox`))
	h.with(func() { h.noKey[ghostServer] = false })
	h.s.restart()
	require.Eventually(t, func() bool { return h.s.outcome(two.ID) == Accepted }, 20*time.Second, time.Millisecond)
	require.Zero(t, h.s.count(`SELECT COUNT(*) FROM inbox`))
}

func TestPoisonIsGivenUpAndBlocksNobody(t *testing.T) {
	h := newWard(t, "12")
	h.with(func() { h.down[north] = true })
	lost := h.says("lost")
	poison := h.says("poison", lost)
	require.Nil(t, h.s.receive(ghostServer, poison)[0].Err)
	for range maxAttempts {
		h.s.settle()
		h.s.hurryRooms(t.Context(), "")
		h.s.inbox.wake()
	}
	h.s.settle()
	require.Equal(t, 1, h.s.count(`SELECT COUNT(*) FROM inbox WHERE next_try = $1`, int64(never)))
	good := h.says("good")
	require.Nil(t, h.s.receive(ghostServer, good)[0].Err)
	require.Equal(t, Accepted, h.s.outcome(good.ID))
	h.s.restart()
	require.Equal(t, 1, h.s.count(`SELECT COUNT(*) FROM inbox WHERE next_try = $1`, int64(never)), "it stays given up")
}

func TestTheInboxIsBounded(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := sqldbtest.Open(t, fresh())
		store := func(origin string, from, rows, size int) error {
			parcels := make([]*parcel, rows)
			nids := make([]int64, rows)
			for i := range parcels {
				parcels[i] = &parcel{raw: make([]byte, size), room: roomRef{id: "!r"}, in: &incoming{event: &Event{ID: fmt.Sprintf("$%d", from+i)}}}
				nids[i] = db.IDs("inbox").Next()
			}
			return db.Write(context.Background(), func(tx *sqldb.Tx) error { return insertInbox(tx, origin, parcels, nids, 1) })
		}
		require.NoError(t, store("a", 0, maxInboxRows, 10))
		require.ErrorIs(t, store("a", maxInboxRows, 1, 10), ErrBusy, "rows of an origin")
		require.NoError(t, store("b", 0, 1, maxInboxBytes-1), "others are not concerned")
		require.ErrorIs(t, store("b", 1, 1, 10), ErrBusy, "bytes of an origin")
	})
}

func TestAFullInboxRefusesTheTransaction(t *testing.T) {
	h := newWard(t, "12")
	require.NoError(t, h.s.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		rows := make([][]any, maxInboxRows)
		for i := range rows {
			rows[i] = []any{int64(1_000_000 + i), ghostServer, inboxPDU, "!elsewhere", fmt.Sprint(i), int64(1), int64(1) << 60, []byte("x")}
		}
		return tx.ExecMany(`INSERT INTO inbox (inbox_nid, origin, kind, room_id, item_id, received, next_try, body) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`, rows)
	}))
	_, err := h.s.Receive(t.Context(), ghostServer, []json.RawMessage{h.says("two", h.says("one")).JSON})
	require.ErrorIs(t, err, ErrBusy)
}

func TestHostilePDUs(t *testing.T) {
	h := newWard(t, "12")
	other := h.n.publicRoom("12")
	good := h.says("good")
	with := func(key, value string) []byte {
		rest := strictjson.Without(good.JSON, key)
		return fmt.Appendf(nil, `%s,%q:%s}`, rest[:len(rest)-1], key, value)
	}
	ids := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"$%043d"`, i)
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	for name, c := range map[string]struct {
		pdu  []byte
		want error
	}{
		"not JSON":                 {[]byte(`{`), ErrBadEvent},
		"no object":                {[]byte(`[1]`), ErrBadEvent},
		"an EDU":                   {[]byte(`{"edu_type":"m.typing","content":{}}`), ErrBadEvent},
		"no room":                  {strictjson.Without(good.JSON, "room_id"), ErrBadEvent},
		"a number for a room":      {with("room_id", "5"), ErrBadEvent},
		"an unknown room":          {with("room_id", `"!unknown"`), ErrNotFound},
		"another room's id":        {with("room_id", `"`+other+`"`), ErrNotFound},
		"another sender":           {with("sender", `"@doctor:south.example"`), ErrForbidden},
		"a sender without server":  {with("sender", `"@doctor"`), ErrBadEvent},
		"a float":                  {bytes.Replace(good.JSON, []byte(`"depth":`), []byte(`"depth":1.`), 1), ErrBadEvent},
		"a huge depth":             {with("depth", "9007199254740992"), ErrBadEvent},
		"a negative depth":         {with("depth", "-1"), ErrBadEvent},
		"duplicate keys":           {bytes.Replace(good.JSON, []byte(`{"auth_events"`), []byte(`{"type":"a","auth_events"`), 1), ErrBadEvent},
		"21 prev events":           {with("prev_events", ids(21)), ErrBadEvent},
		"11 auth events":           {with("auth_events", ids(11)), ErrBadEvent},
		"a prev event with itself": {with("prev_events", `["`+good.ID+`"]`), ErrForbidden},
		"too large":                {with("content", `{"body":"`+strings.Repeat("x", maxEventBytes)+`"}`), ErrTooLarge},
		"much too large":           {append([]byte(`{"a":"`), append(bytes.Repeat([]byte("x"), maxRawBytes), `"}`...)...), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			raw := []json.RawMessage{c.pdu}
			results, err := h.s.Receive(t.Context(), ghostServer, raw)
			require.NoError(t, err)
			require.ErrorIs(t, results[0].Err, c.want)
		})
	}
	require.Zero(t, h.s.count(`SELECT COUNT(*) FROM inbox`))
	require.Nil(t, h.s.receiveRaw(ghostServer, good.JSON)[0].Err)
	_, err := h.s.Receive(t.Context(), ghostServer, make([]json.RawMessage, maxPDUs+1))
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestAWrongHashLeavesARedactedCopy(t *testing.T) {
	h := newWard(t, "12")
	ev := h.says("original")
	results := h.s.receiveRaw(ghostServer, bytes.Replace(ev.JSON, []byte("original"), []byte("altered"), 1))
	require.Nil(t, results[0].Err)
	require.Equal(t, ev.ID, results[0].EventID)
	require.Equal(t, "{}", h.s.event(ev.ID).Content().Raw)
}

func TestAThousandUnknownParentsAreBoundedWork(t *testing.T) {
	h := newWard(t, "12")
	h.with(func() { h.down[north] = true })
	for i := range 20 {
		var pdus [][]byte
		for j := range maxPDUs {
			pdus = append(pdus, h.says("orphan", h.says(fmt.Sprint(i, j))).JSON)
		}
		h.s.receiveRaw(ghostServer, pdus...)
	}
	started := h.s.say(h.roomID, h.s.user("doctor"), "in between")
	require.Equal(t, Accepted, started.Outcome)
	h.s.settle()
	require.Equal(t, 20*maxPDUs, h.s.count(`SELECT COUNT(*) FROM inbox`))
	require.Zero(t, h.s.count(`SELECT COUNT(*) FROM events WHERE outcome = $1`, Rejected))
}

func TestEventsThatFollowEachOtherInACircle(t *testing.T) {
	// Ids are hashes, so only room versions whose events carry their own can be made to.
	h := newWard(t, "1")
	one, two := h.says("one"), h.says("two")
	circle := func(ev *Event, prev string) []byte {
		body := strictjson.Without(ev.JSON, "hashes", "signatures", "prev_events")
		body = append(body[:len(body)-1], fmt.Sprintf(`,"prev_events":[[%q,{"sha256":"x"}]]}`, prev)...)
		sealed, err := formats["1"].signed(withHash(t, body), h.signer(ghostServer))
		require.NoError(t, err)
		return sealed
	}
	for _, result := range h.s.receiveRaw(ghostServer, circle(one, two.ID), circle(two, one.ID)) {
		require.Nil(t, result.Err)
	}
	h.s.settle()
	require.Equal(t, Outcome(-1), h.s.outcome(one.ID))
	good := h.says("good")
	require.Nil(t, h.s.receive(ghostServer, good)[0].Err)
	require.Equal(t, Accepted, h.s.outcome(good.ID))
}

func withHash(t *testing.T, body []byte) []byte {
	f := formats["1"]
	canonical, err := f.canonicalContent(body)
	require.NoError(t, err)
	sum := contentHash(canonical)
	out := fmt.Appendf(canonical[:len(canonical)-1], `,"hashes":{"sha256":"%s"},"signatures":{}}`, base64Of(sum[:]))
	canonical, err = f.canonicalContent(out)
	require.NoError(t, err)
	return canonical
}

func TestAnotherServersEventIDIsNotTaken(t *testing.T) {
	h := newWard(t, "1")
	ev := h.says("mine")
	pdu := bytes.Replace(ev.JSON, []byte(gjson.GetBytes(ev.JSON, "event_id").Str), []byte("$abc:"+north), 1)
	require.ErrorIs(t, h.s.receiveRaw(ghostServer, pdu)[0].Err, ErrForbidden)
}

func TestADeniedServerIsNotHeard(t *testing.T) {
	h := newWard(t, "12")
	ev := h.says("before")
	h.n.state(h.roomID, h.n.user("creator"), "m.room.server_acl", "", `{"allow":["*"],"deny":["ghost.example"]}`)
	require.Nil(t, h.s.receive(north, h.n.tips(h.roomID)...)[0].Err)
	require.ErrorIs(t, h.s.receive(ghostServer, ev)[0].Err, ErrForbidden)
	require.Zero(t, h.s.count(`SELECT COUNT(*) FROM inbox`))
}

func TestRejectedSoftFailedAccepted(t *testing.T) {
	h := newWard(t, "12")
	key := ""
	before := h.n.tips(h.roomID)
	topic := &draft{typ: "m.room.topic", stateKey: &key, sender: h.ghost, content: []byte(`{"topic":"mine"}`)}
	rejected := h.forge(h.n, topic, h.roomID, before, h.n.authFor(h.roomID, &draft{typ: "m.room.message", sender: h.ghost, content: []byte("{}")}))
	follows := h.says("follows what was rejected", rejected)
	late := h.says("late", before...)
	require.NoError(t, h.n.member(h.roomID, h.n.user("creator"), h.ghost, "ban"))
	ban := h.n.tips(h.roomID)[0]

	results := h.s.receive(ghostServer, rejected, follows)
	require.ErrorIs(t, results[0].Err, ErrForbidden)
	require.Nil(t, results[1].Err)
	require.Equal(t, Accepted, h.s.outcome(follows.ID), "a rejected event changes nothing for those after it")
	require.Equal(t, []string{follows.ID}, idsOf(h.s.tips(h.roomID)))
	require.Nil(t, h.s.receive(north, ban)[0].Err)
	require.Nil(t, h.s.receive(ghostServer, late)[0].Err)
	require.Equal(t, SoftFailed, h.s.outcome(late.ID))
	require.Zero(t, h.s.event(late.ID).Position)
	require.NotContains(t, idsOf(h.s.tips(h.roomID)), late.ID)

	auth := h.n.authFor(h.roomID, &draft{typ: "m.room.message", sender: h.n.user("creator"), content: []byte("{}")})
	power := &draft{typ: "m.room.power_levels", stateKey: &key, sender: h.ghost, content: []byte(`{"users":{}}`)}
	badPower := h.forge(h.n, power, h.roomID, before, nil)
	require.ErrorIs(t, h.s.receive(ghostServer, badPower)[0].Err, ErrForbidden)
	for i, ev := range auth {
		if ev.Type == "m.room.power_levels" {
			auth[i] = badPower
		}
	}
	by := h.forge(h.n, &draft{typ: "m.room.message", sender: h.n.user("creator")}, h.roomID, h.n.tips(h.roomID), auth)
	require.ErrorIs(t, h.s.receive(north, by)[0].Err, ErrForbidden, "it names a rejected event among its auth events")
	require.Equal(t, Rejected, h.s.outcome(by.ID))
}

func TestALongMergeDoesNotHoldUpLocalUsers(t *testing.T) {
	h := newWard(t, "12")
	base := h.n.tips(h.roomID)
	var forks []*Event
	key := ""
	for i := range maxPDUs {
		d := &draft{typ: "m.room.topic", stateKey: &key, sender: h.n.user("creator"), content: fmt.Appendf(nil, `{"topic":"%d"}`, i)}
		forks = append(forks, h.forge(h.n, d, h.roomID, base, h.n.authFor(h.roomID, d)))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.s.receive(north, forks...)
	}()
	sent := 0
	for working := true; working; {
		select {
		case <-done:
			working = false
		default:
			h.s.say(h.roomID, h.s.user("doctor"), "nurse")
			sent++
		}
	}
	require.Greater(t, sent, 1, "local events got in between")
	h.s.settle()
	for _, ev := range forks {
		require.Equal(t, Accepted, h.s.outcome(ev.ID))
	}
	h.s.requireConsistent(h.roomID)
}

func TestReceiptsThatWaitedAreAppliedOnReceiving(t *testing.T) {
	h := newWard(t, "12")
	ev := h.n.say(h.roomID, h.n.user("creator"), "read me")
	receipt := fmt.Sprintf(`{%q:{"m.read":{%q:{"event_ids":[%q],"data":{"ts":5}}}}}`, h.roomID, h.ghost, ev.ID)
	require.NoError(t, h.s.ReceiveReceipts(t.Context(), ghostServer, json.RawMessage(receipt)))
	require.Nil(t, h.s.receive(north, ev)[0].Err)
	receipts, err := h.s.UserReceipts(t.Context(), h.roomID, h.ghost)
	require.NoError(t, err)
	require.Equal(t, ev.ID, receipts[0].EventID)
}

func FuzzReceive(f *testing.F) {
	h := newWard(f, "12")
	old := h.n.publicRoom("1")
	h.s.join(old, h.s.user("doctor"), north)
	f.Add([]byte(h.says("good").JSON))
	f.Add([]byte(h.n.tips(old)[0].JSON))
	f.Add([]byte(`{"room_id":"` + h.roomID + `","type":"m.room.member","prev_events":[[]],"auth_events":[{}]}`))
	f.Fuzz(func(t *testing.T, pdu []byte) {
		results, err := h.s.Receive(context.Background(), ghostServer, []json.RawMessage{pdu})
		if err != nil {
			t.Fatal(err)
		}
		if len(results) != 1 {
			t.Fatal("one result a PDU")
		}
	})
}

func TestWhatBecameOfPDUsIsCounted(t *testing.T) {
	h := newWard(t, "12")
	require.Nil(t, h.s.receive(ghostServer, h.says("one"))[0].Err)
	h.s.settle() // a busy machine leaves it to the inbox
	require.Equal(t, 2.0, testutil.ToFloat64(h.s.inbox.results.WithLabelValues("accepted")))
}

func TestARejectedEventIsAcceptedWithTheRightState(t *testing.T) {
	h := newWard(t, "12")
	ev := h.says("judged twice")
	in, err := formats["12"].parse(ev.JSON)
	require.NoError(t, err)
	wrong := *in
	for _, one := range h.s.tips(h.roomID) {
		whole, err := h.s.fullState(t.Context(), one.StateBefore)
		require.NoError(t, err)
		wrong.state = whole // before the ghost's join
	}
	got, err := h.s.admitOne(t.Context(), h.roomID, true, &wrong)
	require.NoError(t, err)
	require.Equal(t, Rejected, got.Outcome)
	require.Nil(t, h.s.receive(ghostServer, ev)[0].Err)
	now := h.s.event(ev.ID)
	require.Equal(t, Accepted, now.Outcome)
	require.NotZero(t, now.Position)
	require.Equal(t, got.NID, now.NID)
}
