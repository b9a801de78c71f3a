package view

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

// overLimit gives a device one late edit more than it may have, in a room of that name.
func overLimit(l *lateLimit, roomID string, now time.Time) lateKey {
	return overLimitOf(l, lateKey{lateDevice{bob, roomID}, roomID}, now)
}

func overLimitOf(l *lateLimit, key lateKey, now time.Time) lateKey {
	var changed []*Rendering
	for position := range int64(maxLatePerMinute + 1) {
		changed = append(changed, &Rendering{Position: position + 1})
	}
	l.cut(key, nil, changed, map[int64]*rooms.Event{0: {ID: "$m"}}, now)
	return key
}

func TestWhatIsOwedIsForgottenInTheEnd(t *testing.T) {
	var l lateLimit
	key := overLimit(&l, room, clock)
	o := LateOptions{Since: 50, Upto: 50}
	require.Equal(t, clock.Add(time.Minute), l.next(key, 50, 0, clock))
	require.Zero(t, l.next(key, 0, 0, clock), "for a device that has not come so far it is new")
	require.Empty(t, l.due(key, o, clock.Add(time.Minute-1)))
	require.Len(t, l.due(key, o, clock.Add(time.Minute)), 1)
	remembered, first := l.owes(key.device, 0, clock.Add(owedFor-1))
	require.True(t, remembered)
	require.Equal(t, clock.Add(owedFor-1), first)
	remembered, _ = l.owes(key.device, 0, clock.Add(owedFor+repeatedFor))
	require.False(t, remembered)
	require.Zero(t, l.owed.devices.Load())
	require.Zero(t, l.owed.rooms)
}

func TestDevicesThatAreOwedSomethingAreBounded(t *testing.T) {
	var l lateLimit
	for i := range maxLimited {
		overLimit(&l, fmt.Sprint(i), clock)
	}
	require.Equal(t, maxLimited, l.owed.rooms)
	overLimit(&l, "new", clock)
	require.Equal(t, 1, l.owed.rooms)
	require.EqualValues(t, 1, l.owed.devices.Load())
}

func TestWhatWaitsIsOwedBeforeWhatWasGiven(t *testing.T) {
	var edits []owedEdit
	for position := range int64(maxOwed + 30) {
		edits = append(edits, owedEdit{position: position})
	}
	for i := range 20 {
		edits[100+i].number = int64(1 + i)
	}
	left := bounded(edits)
	require.Len(t, left, maxOwed)
	require.EqualValues(t, 10, left[0].position, "the oldest go")
	for _, e := range left {
		require.Zero(t, e.number)
	}
}

// What was owed comes behind what the device has by then, and a receipt on it leaves nothing of that unread.
func TestRule04AReceiptOnWhatWasOwedCountsForAllThatTheDeviceHadByThen(t *testing.T) {
	now := clock
	w, v := lateWorld(&now)
	w.renderings = w.renderings[:maxLatePerMinute+1]
	require.Len(t, told(t, v, 100, 122), maxLatePerMinute)
	had := w.message(200, alice, "came before what is owed")
	w.message(300, alice, "came after it")
	now = now.Add(time.Minute)
	owed := told(t, v, 200, 310)
	require.Equal(t, []string{syntheticID(2, 2, bob, false)}, owed)
	viewer := viewerOf(t, v, bob)
	receipt := func(viewer Viewer) string {
		mapped, err := v.MapReceipt(t.Context(), viewer, room, owed[0], "")
		require.NoError(t, err)
		return mapped
	}
	require.Equal(t, had.ID, receipt(viewer))
	require.Equal(t, owed, told(t, v, 150, 310), "a client that went on from an older answer")
	require.Equal(t, had.ID, receipt(viewer), "never backwards")
	viewer.DeviceID = "OTHER"
	require.Equal(t, "$event90", receipt(viewer), "a device that was not given it so has it at its place")
}

// What got lost waits again when newer ones are given before it: that those arrive says nothing of it.
func TestWhatGotLostIsOwedThoughNewerOnesArriveBeforeIt(t *testing.T) {
	var l lateLimit
	key := lateKey{lateDevice{bob, "D"}, room}
	var edits []owedEdit
	for position := range int64(maxLatePerMinute + 5) {
		edits = append(edits, owedEdit{position: position + 1, at: clock})
	}
	for i := range 5 {
		l.owed.give(&edits[i], clock)
	}
	l.owed.put(key, edits, clock)
	due := l.due(key, LateOptions{Since: 50, Upto: 50}, clock)
	var told []*Rendering
	for _, e := range due {
		told = append(told, &Rendering{Position: e.position})
	}
	_, numbers := l.cut(key, due, told, nil, clock)
	require.Len(t, numbers, maxLatePerMinute)
	later := clock.Add(time.Minute)
	due = l.due(key, LateOptions{Since: 50, Upto: 50, Arrived: l.owed.number}, later)
	require.Len(t, due, 5)
	require.EqualValues(t, 5, due[4].position)
}

// owesFirst is when a device may be given the first of what it awaits.
func (l *lateLimit) owesFirst(t *testing.T, device lateDevice, arrived int64, now time.Time) time.Time {
	t.Helper()
	remembered, first := l.owes(device, arrived, now)
	require.True(t, remembered)
	return first
}

func TestWhatHasArrivedIsRememberedAndNotAwaited(t *testing.T) {
	var l lateLimit
	key := overLimit(&l, room, clock)
	later := clock.Add(time.Minute)
	due := l.due(key, LateOptions{Since: 50, Upto: 50}, later)
	require.Len(t, due, 1)
	_, numbers := l.cut(key, due, []*Rendering{{Position: due[0].position}}, nil, later)
	number := numbers[due[0].position]
	require.Equal(t, later, l.owesFirst(t, key.device, 0, later))
	require.Zero(t, l.owesFirst(t, key.device, number, later))
	require.Zero(t, l.owesFirst(t, key.device, number, later.Add(time.Second)))
	require.Equal(t, later, l.owesFirst(t, key.device, number-1, later), "its client goes on from an answer before")
}

func TestWhatIsFoundOutOfADeviceHoldsUntilSomethingIsDifferent(t *testing.T) {
	var l lateLimit
	key := overLimit(&l, room, clock)
	free := clock.Add(time.Minute)
	require.Equal(t, free, l.owesFirst(t, key.device, 0, clock))
	require.NotNil(t, l.owed.of[key.device].found)
	require.Equal(t, free, l.owesFirst(t, key.device, 0, clock.Add(30*time.Second)))

	other := overLimitOf(&l, lateKey{key.device, "!other:test"}, clock.Add(-30*time.Second))
	require.Equal(t, free.Add(-30*time.Second), l.owesFirst(t, key.device, 0, clock), "more is owed to it, and sooner")
	l.forget(other.device, other.roomID, clock)
	require.Equal(t, free, l.owesFirst(t, key.device, 0, clock))
	require.Equal(t, free, l.owesFirst(t, key.device, 0, free))
	require.Equal(t, free.Add(time.Second), l.owesFirst(t, key.device, 0, free.Add(time.Second)), "it is due as long as it does not go out")

	key = overLimit(&l, "!clock:test", clock)
	require.Equal(t, free, l.owesFirst(t, key.device, 0, clock))
	before := clock.Add(-time.Hour)
	require.Equal(t, before, l.owesFirst(t, key.device, 0, before), "a clock that was put back forgets what was given")
}

func TestARequestIsToldAnewWhatIsOwedOnceSomethingIsDifferent(t *testing.T) {
	now := clock
	v := &View{now: func() time.Time { return now }}
	key := overLimit(&v.late, room, clock)
	var last OwedLate
	owes := func(arrived int64) (first time.Time, anew bool) {
		before := last.found
		remembered, first := v.OwesLate(key.device.userID, key.device.deviceID, arrived, &last)
		want, wantFirst := v.late.owes(key.device, arrived, now)
		require.Equal(t, want, remembered)
		require.Equal(t, wantFirst, first)
		return first, last.found != before
	}
	owes(0) // which looks for what is old, too
	first, anew := owes(0)
	require.Equal(t, clock.Add(time.Minute), first)
	require.True(t, anew)
	_, anew = owes(0)
	require.False(t, anew)
	overLimit(&v.late, "!other", clock)
	_, anew = owes(0)
	require.True(t, anew, "it is owed something in another room")
	now = first
	first, anew = owes(0)
	require.Equal(t, now, first)
	require.True(t, anew, "it may go out")
	_, numbers := v.late.cut(key, v.late.due(key, LateOptions{Since: 50, Upto: 50}, now), []*Rendering{{Position: 1}}, nil, now)
	_, anew = owes(0)
	require.True(t, anew)
	for _, number := range numbers {
		_, anew = owes(number)
		require.True(t, anew, "it has arrived")
	}
	v.late.forget(key.device, "", now)
	first, _ = owes(0)
	require.Zero(t, first)
}
