package view

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

// redaction makes one at position nid.
func (w *world) redaction(nid int64, sender, target, version string) *rooms.Event {
	ev := w.add(nid, "m.room.redaction", sender, nil, `{"redacts":"`+target+`"}`)
	ev.Redacts, ev.Version = target, version
	return ev
}

// TestRedactionsWithoutEffectAreNotShown: the rules accept the redaction of anybody from version 3 on, and clients redact by what
// they are shown. One whose target has not come is shown when it has.
func TestRedactionsWithoutEffectAreNotShown(t *testing.T) {
	w := newWorld()
	w.member(1, bob, "join")
	kept, gone := w.message(2, alice, "give 5 mg"), w.message(3, alice, "wrong bed")
	powerless, real := w.redaction(4, carol, kept.ID, "11"), w.redaction(5, alice, gone.ID, "11")
	early := w.redaction(6, carol, "$has-not-come", "11")
	elsewhere := w.redaction(7, carol, "$of-another-room", "11")
	old := w.redaction(8, carol, kept.ID, "2")
	w.redacted[gone.ID] = real
	w.redacted["$of-another-room"] = &rooms.Event{ID: "$there", RoomID: "!other:a"}
	events := []*rooms.Event{kept, gone, powerless, real, early, elsewhere, old}
	v := w.view()
	for name, see := range map[string]func() ([]*rooms.Event, error){
		"history": func() ([]*rooms.Event, error) { return v.Visible(t.Context(), Viewer{UserID: bob}, room, events) },
		"sync": func() ([]*rooms.Event, error) {
			return v.VisibleSince(t.Context(), Viewer{UserID: bob}, room, 1, events)
		},
	} {
		seen, err := see()
		require.NoError(t, err)
		require.Equal(t, []string{kept.ID, gone.ID, real.ID, old.ID}, idsOf(seen), name)
	}
	require.Equal(t, powerless, events[2], "the caller's slice is left alone")

	w.redacted["$has-not-come"] = early
	seen, err := v.Visible(t.Context(), Viewer{UserID: bob}, room, []*rooms.Event{early})
	require.NoError(t, err)
	require.Len(t, seen, 1)
	pdus, err := v.ForServer(t.Context(), "b", []*rooms.Event{powerless})
	require.NoError(t, err)
	require.Len(t, pdus, 1, "other servers get the whole graph")
}

// TestMessagesAreShownWithoutAskingForRedactions keeps the way from sending to reading as short as it was.
func TestMessagesAreShownWithoutAskingForRedactions(t *testing.T) {
	w := newWorld()
	w.member(1, bob, "join")
	events := []*rooms.Event{w.message(2, alice, "x"), w.message(3, alice, "y")}
	v := w.view()
	_, err := v.VisibleSince(t.Context(), Viewer{UserID: bob}, room, 1, events)
	require.NoError(t, err)
	require.Zero(t, w.asked)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		if _, err := v.withoutVain(t.Context(), events); err != nil {
			t.Error(err)
		}
	}))
}
