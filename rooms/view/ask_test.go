package view

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

func TestWhatWasMadeAfterAnAnswersPlaceIsShownUnlessAnEditBringsIt(t *testing.T) {
	w := newWorld()
	w.language = "es"
	ev := w.message(2, alice, "hello")
	made := &Rendering{EventNID: 2, EventID: ev.ID, Language: "es", Version: 2, Position: 9, State: "translated", Content: json.RawMessage(`{"body":"hola"}`)}
	before := &Rendering{EventNID: 2, EventID: ev.ID, Language: "es", Version: 2, State: "pending", Content: json.RawMessage(`{"body":"hello..."}`)}
	w.renderings = []*Rendering{before, made}
	v := w.view()
	body := func(o ShowOptions) any {
		return showOne(t, v, viewerOf(t, v, bob), ev, o)["content"].(map[string]any)["body"]
	}
	require.Equal(t, "hello...", body(ShowOptions{Upto: 5}))
	require.Equal(t, "hola", body(ShowOptions{Upto: 5, Ahead: true}))
	made.Told = true
	require.Equal(t, "hello...", body(ShowOptions{Upto: 5, Ahead: true}), "else the reader would get both")
	require.Equal(t, "hola", body(ShowOptions{Upto: 9, Ahead: true}))
	w.renderings = []*Rendering{made}
	require.Equal(t, "hello", body(ShowOptions{Upto: 5, Ahead: true}))
}

func TestLackingIsWhatNothingElseBrings(t *testing.T) {
	w := newWorld()
	w.language = "es"
	v := w.view()
	v.budget = time.Second
	ev := w.message(2, alice, "hello")
	viewer := viewerOf(t, v, bob)
	lacks := func(r *Rendering) bool {
		w.renderings = nil
		if r != nil {
			r.EventNID, r.EventID, r.Language = 2, ev.ID, "es"
			w.renderings = []*Rendering{r}
		}
		found, err := v.Lacking(t.Context(), viewer, []*rooms.Event{ev})
		require.NoError(t, err)
		return len(found.Events) > 0
	}
	require.True(t, lacks(nil))
	require.True(t, lacks(&Rendering{State: "none", Missing: "timeout"}), "somebody else's page of history has asked for it")
	require.True(t, lacks(&Rendering{State: "none", Position: 5}), "it could not be translated when it came")
	for what, r := range map[string]*Rendering{
		"translated": {State: "translated", Position: 5}, "under way since it came": {State: "pending", Told: true},
		"refused by the checks": {State: "none", Verdict: "block", Position: 5}, "not to be translated": {State: "none"},
		"owed, and so told as an edit": {State: "none", Position: 5, PutOff: true},
	} {
		require.False(t, lacks(r), what)
	}
	w.redacted[ev.ID] = w.add(9, "m.room.redaction", alice, nil, `{}`)
	require.False(t, lacks(nil), "redacted")
	delete(w.redacted, ev.ID)
	v.budget = 0
	require.False(t, lacks(nil), "nobody waits")
}

func TestAnAnswerAsksForABoundedNumberNewestOfEachRoomFirst(t *testing.T) {
	w := newWorld()
	v := w.view()
	v.budget = time.Second
	lackOf := func(first, n int64) Lack {
		lack := Lack{Language: "es"}
		for nid := first; nid < first+n; nid++ {
			lack.Events = append(lack.Events, w.message(nid, alice, fmt.Sprint(nid)))
		}
		return lack
	}
	var asked []string
	w.request = func(_ string, events []*rooms.Event, _ time.Duration) { asked = idsOf(events) }
	require.NoError(t, v.Ask(t.Context(), []Lack{lackOf(1000, 300), lackOf(2000, 2)}, v.Budget()))
	require.Len(t, asked, maxAsked)
	require.Equal(t, []string{"$event2000", "$event1298", "$event2001", "$event1299"}, asked[maxAsked-4:], "the last is asked for first")
	require.Equal(t, "$event1102", asked[0])
	require.Len(t, w.followed, maxLatePerMinute+2, "what a device can be told of")
	require.Equal(t, "$event1280", w.followed[0])
}
