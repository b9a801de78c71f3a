package bridge

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// Whatever a device shows last, a receipt on it counts for all that stands before it in its answer.
func TestRule04AReceiptOnALateEditLeavesNothingBeforeItUnread(t *testing.T) {
	w, room, _, b, _ := lateQuestion(t)
	w.settled()
	var said []string
	for _, body := range []string{"Hola a todos en esta sala.", "Buenos días a todos, colegas."} {
		said = append(said, w.say(room, carla, body))
	}
	open := w.engine.close()
	w.say(room, alice, stable)
	w.tooLate()
	got := b.until(room, 5)
	require.Equal(t, relReplace, got[1].Get("content").Get(pathRelates+".rel_type").Str, "at its place")
	require.Equal(t, said, []string{got[2].Get("event_id").Str, got[3].Get("event_id").Str})
	before := w.say(room, carla, "Hasta luego a todos, colegas.")
	open()
	w.settled()
	w.say(room, carla, "Gracias a todos.")
	got = b.until(room, 8)
	edit := slices.IndexFunc(got[5:], func(ev gjson.Result) bool { return ev.Get("content").Get(pathRelates).Exists() }) + 5
	require.Equal(t, before, got[edit-1].Get("event_id").Str)
	require.Equal(t, before, w.receipt(bob, room, got[edit].Get("event_id").Str, ""))
}
