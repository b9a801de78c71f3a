package view

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

// A reply repeats the newest version of a message that its viewer may see.
func TestFallbacksRepeatTheVersionThatTheViewerMaySee(t *testing.T) {
	const reply = `{"msgtype":"m.text","body":"> <` + alice + `> 5 mg\n\nYes.","m.relates_to":{"m.in_reply_to":{"event_id":"$event10"}}}`
	const edit = `{"msgtype":"m.text","body":"* 0.5 mg","m.new_content":{"msgtype":"m.text","body":"0.5 mg"},"m.relates_to":{"rel_type":"m.replace","event_id":"$event10"}}`
	for name, c := range map[string]struct {
		leaves bool // before the edit
		gone   string
		want   string
	}{
		"edited":                           {want: "> <" + alice + "> 0.5 mg\n\nYes."},
		"edited when the viewer had left":  {leaves: true, want: "> <" + alice + "> 5 mg\n\nYes."},
		"redacted":                         {gone: "$event10", want: "Yes."},
		"the edit redacted in this moment": {gone: "$event20", want: "Yes."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.member(5, bob, "join")
			w.message(10, alice, "5 mg")
			if c.leaves {
				w.member(15, bob, "leave")
			}
			edited := w.add(20, "m.room.message", alice, nil, edit)
			edited.Visibility = rooms.VisibilityJoined
			w.aggregates["$event10"] = rooms.Aggregate{Edit: edited}
			answer := w.add(30, "m.room.message", carol, nil, reply)
			if c.gone != "" {
				w.redacted[c.gone] = w.add(40, "m.room.redaction", alice, nil, `{"redacts":"`+c.gone+`"}`)
			}
			v := w.view()
			shown, err := v.Show(t.Context(), viewerOf(t, v, bob), []*rooms.Event{answer}, ShowOptions{})
			require.NoError(t, err)
			require.Equal(t, c.want, gjson.GetBytes(shown[0], "content.body").Str)
		})
	}
}
