package view

import (
	"encoding/json"
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

// What is redacted stands in no event that is bundled in another either, nor in an edit, which does not say what is answered.
func TestFallbacksAreMadeAnewInWhatIsBundledAndInEdits(t *testing.T) {
	const (
		said  = "> <" + alice + "> 5 mg\n\n"
		block = "<mx-reply><blockquote>5 mg</blockquote></mx-reply>"
		relTo = `,"m.in_reply_to":{"event_id":"$event10"}}`
	)
	encodedJSON := func(content map[string]any) string {
		raw, err := json.Marshal(content)
		require.NoError(t, err)
		return string(raw)
	}
	for name, redacted := range map[string]bool{"as it is read": false, "redacted": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.member(5, bob, "join")
			w.message(10, alice, "0.5 mg")
			root := w.add(20, "m.room.message", alice, nil, encodedJSON(map[string]any{"msgtype": "m.text", "body": said + "Yes.",
				"m.relates_to": json.RawMessage(`{"rel_type":"x"` + relTo)}))
			latest := w.add(30, "m.room.message", alice, nil, encodedJSON(map[string]any{"msgtype": "m.text", "body": said + "Now.",
				"m.relates_to": json.RawMessage(`{"rel_type":"m.thread","event_id":"$event20"` + relTo)}))
			edit := w.add(40, "m.room.message", alice, nil, encodedJSON(map[string]any{"msgtype": "m.text", "body": said + "* Yes!",
				"m.new_content": map[string]any{"msgtype": "m.text", "body": said + "Yes!", "formatted_body": block + "Yes!"},
				"m.relates_to":  json.RawMessage(`{"rel_type":"m.replace","event_id":"$event20"}`)}))
			w.aggregates["$event20"] = rooms.Aggregate{Edit: edit, Thread: &rooms.Thread{Latest: latest, Count: 1}}
			want := "> <" + alice + "> 0.5 mg\n\n"
			if redacted {
				w.redacted["$event10"] = w.add(50, "m.room.redaction", alice, nil, `{"redacts":"$event10"}`)
				want = ""
			}
			v := w.view()
			shown, err := v.Show(t.Context(), viewerOf(t, v, bob), []*rooms.Event{root, edit}, ShowOptions{Bundle: true})
			require.NoError(t, err)
			relations := gjson.GetBytes(shown[0], `unsigned.m\.relations`)
			require.Equal(t, want+"Yes.", gjson.GetBytes(shown[0], "content.body").Str)
			require.Equal(t, want+"Now.", relations.Get(`m\.thread.latest_event.content.body`).Str)
			for _, ev := range []gjson.Result{relations.Get(`m\.replace`), gjson.ParseBytes(shown[1])} {
				require.Equal(t, want+"* Yes!", ev.Get("content.body").Str)
				require.Equal(t, "Yes!", ev.Get(`content.m\.new_content.body`).Str)
				require.Equal(t, "Yes!", ev.Get(`content.m\.new_content.formatted_body`).Str)
			}
		})
	}
}
