package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// sameAfterRestart compares what is in memory with what the database gives.
func (n *testNode) sameAfterRestart(roomID string) {
	n.t.Helper()
	before := n.snap(roomID)
	state, members, servers := before.state.state(), contents(before.state.members), before.Servers()
	facts, heroes := *before.state.facts, before.Heroes(doctor)
	locals, positions := contents(before.state.locals), [3]int64{before.Position, before.LastEvent, before.BumpPosition}
	n.restart()
	after := n.snap(roomID)
	require.Equal(n.t, state, after.state.state())
	require.Equal(n.t, members, contents(after.state.members))
	require.Equal(n.t, servers, after.Servers())
	require.Equal(n.t, facts, *after.state.facts)
	require.Equal(n.t, heroes, after.Heroes(doctor))
	require.Equal(n.t, locals, contents(after.state.locals))
	require.Equal(n.t, positions, [3]int64{after.Position, after.LastEvent, after.BumpPosition})
	require.Equal(n.t, [3]any{before.Joined, before.Invited, before.Extremities}, [3]any{after.Joined, after.Invited, after.Extremities})
	require.Equal(n.t, [2]int64{before.StateNID, before.ServersNID}, [2]int64{after.StateNID, after.ServersNID})
}

func TestAnsweredIsDurable(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		n := openTestNode(t, fresh())
		room := n.publicRoom("12")
		for _, user := range []string{nurse, surgeon} {
			n.join(room, user)
		}
		require.NoError(t, n.membership(room, surgeon, surgeon, "leave"))
		id := n.say(room, nurse, "hello")
		_, err := n.setState(room, doctor, "m.room.name", "", `{"name":"x"}`)
		require.NoError(t, err)
		n.sameAfterRestart(room)
		require.Equal(t, "hello", n.event(id).Content().Get("body").Str)
		n.say(room, nurse, "and on it goes")
		n.sameAfterRestart(room)
	})
}

func TestSnapshotAndStreamComeBeforeTheAnswer(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	since := n.hub.Position()
	n.join(room, nurse)
	upto := n.hub.Position()
	require.Equal(t, since+1, upto)
	require.Equal(t, "join", n.snap(room).Membership(nurse))
	require.Equal(t, upto, n.snap(room).Position)

	entries, complete := n.hub.Since(RoomTopic(room), since, upto)
	require.True(t, complete)
	require.Len(t, entries, 2)
	ev, delta := entries[0].Value.(*Event), entries[1].Value.(*StateDelta)
	require.Equal(t, ev.Position, delta.Position, "a delta has the position of its event")
	require.Equal(t, [2]int64{0, ev.NID}, [2]int64{delta.Old, delta.New})
	entries, _ = n.hub.Since(UserTopic(nurse), since, upto)
	change := entries[0].Value.(*MembershipChange)
	require.Equal(t, MembershipChange{
		UserID: nurse, RoomID: room, RoomNID: ev.RoomNID, Membership: "join", EventNID: ev.NID, Position: upto,
	}, *change)

	stored, err := n.selectDeltas(context.Background(), ev.RoomNID, since, upto)
	require.NoError(t, err)
	require.Equal(t, []StateDelta{*delta}, stored, "SQL says what the ring says")
	members, err := n.MembershipDeltas(context.Background(), since, upto)
	require.NoError(t, err)
	require.Equal(t, "join", members[0].To)
	require.Equal(t, nurse, members[0].UserID)
}

func TestMembershipIntervalsFollowHistory(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	n.join(room, nurse)
	require.NoError(t, n.UpdateProfile(context.Background(), nurse, MemberProfile{DisplayName: "Nurse"}))
	require.NoError(t, n.membership(room, nurse, nurse, "leave"))
	n.join(room, nurse)
	intervals, err := n.Intervals(context.Background(), room, nurse)
	require.NoError(t, err)
	var got []string
	for i, v := range intervals {
		got = append(got, v.Membership)
		require.Zero(t, v.From.Sub)
		require.True(t, i == 0 || intervals[i-1].From.Less(v.From))
	}
	require.Equal(t, []string{"join", "leave", "join"}, got, "a new name is no change of membership")
}

func TestVisibilityIsThatBeforeTheEvent(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	a := n.say(room, doctor, "a")
	change, err := n.setState(room, doctor, "m.room.history_visibility", "", `{"history_visibility":"joined"}`)
	require.NoError(t, err)
	b := n.say(room, doctor, "b")
	require.Equal(t, VisibilityShared, n.event(a).Visibility)
	require.Equal(t, VisibilityShared, n.event(change).Visibility)
	require.Equal(t, VisibilityJoined, n.event(b).Visibility)
}

func TestFailedCommitReloadsTheRoom(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	n.say(room, doctor, "one")
	before := n.snap(room)
	broken := errors.New("disk")
	err := n.do(context.Background(), room, false, func(b *batch) error {
		b.stores = append(b.stores, func(*sqldb.Tx) error { return broken })
		_, err := b.send(&draft{typ: "m.room.topic", stateKey: ptr(""), sender: doctor, content: []byte(`{"topic":"lost"}`), ts: 1}, nil)
		return err
	})
	require.ErrorIs(t, err, broken)
	require.Same(t, before, n.snap(room), "nothing was published")
	// What the failed write, or another process, has left in the database counts, not what is in memory.
	require.NoError(t, n.db.Write(context.Background(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE rooms SET published = 1 WHERE room_id = $1`, room)
		return err
	}))
	id := n.say(room, doctor, "two")
	require.True(t, n.snap(room).Published, "the room was loaded again")
	require.Equal(t, before.LastEvent+1, n.event(id).Position, "the position is given again")
	_, err = n.StateEvent(context.Background(), room, "m.room.topic", "")
	require.ErrorIs(t, err, ErrNotFound)
	n.sameAfterRestart(room)
}

func TestLostLeaseRefusesTheWrite(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	events := n.count(`SELECT COUNT(*) FROM events`)
	take := func() error {
		return n.db.Write(context.Background(), func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`UPDATE rooms SET lease_epoch = lease_epoch + 1`)
			return err
		})
	}
	// Whoever took the room over does so again before each write, so reloading does not help.
	err := n.do(context.Background(), room, false, func(b *batch) error {
		b.stores = append(b.stores, func(*sqldb.Tx) error { return nil })
		b.rm.epoch--
		_, err := b.send(&draft{typ: "m", sender: doctor, content: []byte(`{}`), ts: 1}, nil)
		return err
	})
	require.ErrorIs(t, err, errStale)
	require.Equal(t, events, n.count(`SELECT COUNT(*) FROM events`))
	// A single takeover: the room is loaded anew and the request carried out.
	require.NoError(t, take())
	n.say(room, doctor, "after a takeover")
	require.Equal(t, events+1, n.count(`SELECT COUNT(*) FROM events`))
}

func TestFullLaneIsBusy(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	hold, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		_ = n.do(context.Background(), room, false, func(*batch) error {
			once.Do(func() { close(held) })
			<-hold
			return ErrForbidden
		})
	}()
	<-held
	rm, err := n.active.get(context.Background(), room)
	require.NoError(t, err)
	var done atomic.Int64
	idle := func() *task {
		return &task{run: func(*batch) error { return nil }, finish: func(error) { done.Add(1) }}
	}
	for range laneSize {
		require.NoError(t, rm.submit(idle(), false))
	}
	require.ErrorIs(t, rm.submit(idle(), false), ErrBusy)
	require.NoError(t, rm.submit(idle(), true), "the lanes are bounded apart")
	close(hold)
	require.Eventually(t, func() bool { return done.Load() == laneSize+1 }, 20*time.Second, time.Millisecond)
	n.say(room, doctor, "free again")
}

func TestCancelledRequestNeverInterruptsABatch(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	ctx, cancel := context.WithCancel(context.Background())
	started, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- n.do(ctx, room, false, func(b *batch) error {
			close(started)
			<-goOn
			_, err := b.send(&draft{typ: "m", sender: doctor, content: []byte(`{}`), ts: 1}, nil)
			return err
		})
	}()
	<-started
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	close(goOn)
	require.Eventually(t, func() bool { return n.count(`SELECT COUNT(*) FROM events WHERE type = 'm'`) == 1 }, 20*time.Second, time.Millisecond)
	n.say(room, doctor, "after") // it is committed a moment before the room in memory has it; what is sent next comes after that
	n.sameAfterRestart(room)
}

func TestPanicHarmsOnlyItsTask(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	err := n.do(context.Background(), room, false, func(b *batch) error {
		_, _ = b.send(&draft{typ: "m", sender: doctor, content: []byte(`{}`), ts: 1}, nil)
		panic("boom")
	})
	require.Error(t, err)
	// A refused task is answered before its batch commits; what is sent after it tells what became of it.
	id := n.say(room, doctor, "alive")
	require.Zero(t, n.count(`SELECT COUNT(*) FROM events WHERE type = 'm'`))
	require.Equal(t, Accepted, n.event(id).Outcome)
	n.sameAfterRestart(room)
}

// A refused task shares its batch with others: they are committed, and nothing of it is, not even state.
func TestRefusedTaskLeavesNothingInASharedBatch(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	rm, err := n.active.get(context.Background(), room)
	require.NoError(t, err)
	send := func(typ string, key *string, end error) func(*batch) error {
		return func(b *batch) error {
			if _, err := b.send(&draft{typ: typ, stateKey: key, sender: doctor, content: []byte(`{}`), ts: 1}, nil); err != nil {
				return err
			}
			return end
		}
	}
	hold, results := make(chan struct{}), make(chan error, 4)
	finish := func(err error) { results <- err }
	require.NoError(t, rm.submit(&task{run: func(*batch) error { <-hold; return nil }, finish: finish}, false))
	require.NoError(t, rm.submit(&task{run: send("kept.before", nil, nil), finish: finish}, false))
	require.NoError(t, rm.submit(&task{run: send("refused", ptr(""), ErrForbidden), finish: finish}, false))
	require.NoError(t, rm.submit(&task{run: send("kept.after", nil, nil), finish: finish}, false))
	close(hold)
	refused := 0
	for range 4 {
		if err := <-results; err != nil {
			require.ErrorIs(t, err, ErrForbidden)
			refused++
		}
	}
	require.Equal(t, 1, refused)
	require.Equal(t, 2, n.count(`SELECT COUNT(*) FROM events WHERE type LIKE 'kept.%'`))
	require.Zero(t, n.count(`SELECT COUNT(*) FROM events WHERE type = 'refused'`))
	_, err = n.StateEvent(context.Background(), room, "refused", "")
	require.ErrorIs(t, err, ErrNotFound)
	n.sameAfterRestart(room)
}

// TestManyRoomsShareOrderAndCommits has senders in several rooms at once; each room's members see one order without holes.
func TestManyRoomsShareOrderAndCommits(t *testing.T) {
	n := newTestNode(t)
	var rooms []string
	for range 4 {
		room := n.publicRoom("12")
		n.join(room, nurse)
		rooms = append(rooms, room)
	}
	since := n.hub.Position()
	var wg sync.WaitGroup
	for _, room := range rooms {
		for _, sender := range []string{doctor, nurse} {
			wg.Go(func() {
				for i := range 50 {
					n.say(room, sender, fmt.Sprint(i))
				}
			})
		}
	}
	wg.Wait()
	require.Equal(t, since+400, n.hub.Position(), "gapless")
	for _, room := range rooms {
		entries, complete := n.hub.Since(RoomTopic(room), since, n.hub.Position())
		require.True(t, complete)
		require.Len(t, entries, 100)
		next := map[string]int{}
		for i, e := range entries {
			ev := e.Value.(*Event)
			require.Equal(t, fmt.Sprint(next[ev.Sender]), ev.Content().Get("body").Str, "each sender's order is kept")
			next[ev.Sender]++
			if i > 0 {
				before := entries[i-1].Value.(*Event)
				require.Equal(t, []string{before.ID}, prevOf(ev), "one line of history")
			}
		}
	}
}

// TestSnapshotIsNeverTorn reads snapshots while members come and go: what one snapshot says must fit together.
func TestSnapshotIsNeverTorn(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s := n.snap(room)
				joined := 0
				s.EachMember(func(_, membership string, _ int64) bool {
					joined += flagInt(membership == "join")
					return true
				})
				if joined != s.Joined || joined != len(s.LocalMembers()) {
					t.Errorf("%d members are joined, the snapshot says %d and lists %d", joined, s.Joined, len(s.LocalMembers()))
					return
				}
				_ = s.Heroes(doctor)
			}
		})
	}
	for i := range 150 {
		user := fmt.Sprintf("@u%d:%s", i%20, hospital)
		if n.snap(room).Membership(user) == "join" {
			require.NoError(t, n.membership(room, user, user, "leave"))
		} else {
			n.join(room, user)
		}
	}
	close(stop)
	wg.Wait()
}

func TestIdleRoomIsEvictedAndComesBack(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	old, err := n.active.get(context.Background(), room)
	require.NoError(t, err)
	n.active.evictBefore(time.Now().Add(time.Hour))
	require.Zero(t, n.active.count())
	require.ErrorIs(t, old.submit(&task{}, false), errGone)
	n.say(room, doctor, "awake")
}

func TestClosedNodeRefusesWork(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	require.NoError(t, n.Close(context.Background()))
	_, err := n.Send(context.Background(), SendRequest{RoomID: room, Sender: doctor, Type: "m", Content: json.RawMessage(`{}`)})
	require.ErrorIs(t, err, ErrBusy)
	n.closeDB()
	n.start()
}
