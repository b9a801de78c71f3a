package view

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

func TestShowGivesTheFieldsOfAClientEvent(t *testing.T) {
	w := newWorld()
	w.member(1, bob, "join")
	ev := w.message(2, alice, "hello")
	v := w.view()
	got := showOne(t, v, viewerOf(t, v, bob), ev, ShowOptions{})
	require.Equal(t, map[string]any{
		"content": map[string]any{"msgtype": "m.text", "body": "hello"}, "event_id": "$event2", "origin_server_ts": 1002.0,
		"room_id": room, "sender": alice, "type": "m.room.message",
		"unsigned": map[string]any{"age": 8998.0, "membership": "join"},
	}, got)
	require.NotContains(t, showOne(t, v, viewerOf(t, v, bob), ev, ShowOptions{Format: FormatSync}), "room_id")
}

func TestShowGivesTheTransactionIDOnlyToTheDeviceThatSent(t *testing.T) {
	w := newWorld()
	ev := w.message(2, alice, "hello")
	w.txns[2] = "m1"
	v := w.view()
	unsigned := func(viewer Viewer) map[string]any {
		return showOne(t, v, viewer, ev, ShowOptions{})["unsigned"].(map[string]any)
	}
	require.Equal(t, "m1", unsigned(Viewer{UserID: alice, Scope: "SCOPE"})["transaction_id"])
	require.NotContains(t, unsigned(Viewer{UserID: alice, Scope: "OTHER"}), "transaction_id")
	require.NotContains(t, unsigned(Viewer{UserID: bob, Scope: "SCOPE"}), "transaction_id")
}

func TestShowTellsWhatAStateEventReplacedToWhoMaySeeIt(t *testing.T) {
	w := newWorld()
	old := w.add(2, "m.room.topic", alice, key(""), `{"topic":"old"}`)
	old.Visibility = rooms.VisibilityJoined
	w.member(3, bob, "join")
	w.states[7] = []*rooms.Event{old}
	ev := w.add(4, "m.room.topic", alice, key(""), `{"topic":"new"}`)
	ev.StateBefore = 7
	v := w.view()
	unsigned := showOne(t, v, viewerOf(t, v, bob), ev, ShowOptions{})["unsigned"].(map[string]any)
	require.Equal(t, old.ID, unsigned["replaces_state"])
	require.NotContains(t, unsigned, "prev_sender")
	require.NotContains(t, unsigned, "prev_content", "bob was not there")
	old.Visibility = rooms.VisibilityShared
	unsigned = showOne(t, v, viewerOf(t, v, bob), ev, ShowOptions{})["unsigned"].(map[string]any)
	require.Equal(t, map[string]any{"topic": "old"}, unsigned["prev_content"])
	require.Equal(t, old.Sender, unsigned["prev_sender"])
	unsigned = showOne(t, v, viewerOf(t, v, bob), ev, ShowOptions{StateSection: true})["unsigned"].(map[string]any)
	require.NotContains(t, unsigned, "replaces_state")
}

// Clients that take their state from state_after find there, and only there, that they were invited to a direct chat.
func TestAStateSectionTellsTheViewerHowTheyWereInvited(t *testing.T) {
	w := newWorld()
	invite := w.add(2, "m.room.member", alice, key(bob), `{"membership":"invite","is_direct":true}`)
	w.states[7] = []*rooms.Event{invite}
	join := w.member(3, bob, "join")
	join.StateBefore = 7
	v := w.view()
	for name, joined := range map[string]int64{"a first sync": 0, "a later one": join.Key.Anchor} {
		o := ShowOptions{StateSection: true, Joined: joined}
		unsigned := showOne(t, v, viewerOf(t, v, bob), join, o)["unsigned"].(map[string]any)
		require.Equal(t, map[string]any{"membership": "invite", "is_direct": true}, unsigned["prev_content"], name)
		require.Equal(t, alice, unsigned["prev_sender"], name)
		unsigned = showOne(t, v, viewerOf(t, v, alice), join, o)["unsigned"].(map[string]any)
		require.NotContains(t, unsigned, "prev_content", "it is nobody else's matter")
	}
}

func TestShowPrunesRedactedEventsAndSaysWhy(t *testing.T) {
	w := newWorld()
	ev := w.message(2, alice, "secret")
	v := w.view()
	before := showOne(t, v, Viewer{UserID: bob}, ev, ShowOptions{})
	require.Equal(t, "secret", before["content"].(map[string]any)["body"])
	redaction := w.add(3, "m.room.redaction", alice, nil, `{"redacts":"$event2","reason":"wrong patient"}`)
	redaction.Redacts = ev.ID
	w.redacted[ev.ID] = redaction
	after := showOne(t, v, Viewer{UserID: bob}, ev, ShowOptions{})
	require.Empty(t, after["content"])
	because := after["unsigned"].(map[string]any)["redacted_because"].(map[string]any)
	require.Equal(t, redaction.ID, because["event_id"])
	require.Equal(t, "wrong patient", because["content"].(map[string]any)["reason"])
	require.Equal(t, ev.ID, because["redacts"])
}

func TestPrunedContentAgreesWithTheLibrary(t *testing.T) {
	contents := map[string]string{
		"m.room.member":             `{"membership":"join","displayname":"x","join_authorised_via_users_server":"@a:b"}`,
		"m.room.create":             `{"creator":"@a:b","room_version":"x","m.federate":false,"additional_creators":["@c:d"]}`,
		"m.room.join_rules":         `{"join_rule":"restricted","allow":[{"room_id":"!x:y"}],"extra":1}`,
		"m.room.power_levels":       `{"ban":1,"events":{},"events_default":2,"invite":3,"kick":4,"redact":5,"state_default":6,"users":{"@a:b":7},"users_default":8,"notifications":{"room":9}}`,
		"m.room.history_visibility": `{"history_visibility":"joined","x":1}`,
		"m.room.aliases":            `{"aliases":["#a:b"],"x":1}`,
		"m.room.redaction":          `{"redacts":"$x","reason":"y"}`,
		"m.room.message":            `{"body":"x"}`,
	}
	for _, version := range []string{"1", "5", "6", "7", "8", "9", "10", "11", "12"} {
		library := gomatrixserverlib.MustGetRoomVersion(gomatrixserverlib.RoomVersion(version))
		for typ, content := range contents {
			pdu := `{"type":"` + typ + `","sender":"@a:b","room_id":"!r:b","state_key":"","origin_server_ts":1,"content":` + content +
				`,"origin":"b","membership":"join","prev_state":[],"unsigned":{"a":1},"foo":"bar","depth":3,"hashes":{},"auth_events":[],"prev_events":[],"signatures":{}}`
			ev := &rooms.Event{Type: typ, Version: version, JSON: []byte(pdu)}
			expected, err := library.RedactEventJSON([]byte(pdu))
			require.NoError(t, err)
			require.JSONEq(t, string(expected), string(prunedPDU(ev)), "version %s, %s", version, typ)
			require.JSONEq(t, gjson.GetBytes(expected, "content").Raw, string(prunedContent(version, typ, ev.Content())))
		}
	}
}

// The library forgets what room version 11 keeps of a third party invite.
func TestPrunedMemberKeepsTheSignedPartOfAThirdPartyInvite(t *testing.T) {
	content := gjson.Parse(`{"membership":"invite","third_party_invite":{"display_name":"d","signed":{"token":"t"}}}`)
	require.JSONEq(t, `{"membership":"invite"}`, string(prunedContent("10", "m.room.member", content)))
	require.JSONEq(t, `{"membership":"invite","third_party_invite":{"signed":{"token":"t"}}}`, string(prunedContent("11", "m.room.member", content)))
}

func TestShowBundlesRelations(t *testing.T) {
	w := newWorld()
	root := w.message(2, alice, "root")
	edit := w.add(3, "m.room.message", alice, nil, `{"body":"* x","m.new_content":{"body":"x"},"m.relates_to":{"rel_type":"m.replace","event_id":"$event2"}}`)
	answer := w.add(4, "m.room.message", bob, nil, `{"body":"y","m.relates_to":{"rel_type":"m.thread","event_id":"$event2"}}`)
	late := w.add(5, "m.room.message", carol, nil, `{"body":"z","m.relates_to":{"rel_type":"m.thread","event_id":"$event2"}}`)
	w.aggregates[root.ID] = rooms.Aggregate{
		Edit: edit, References: []string{"$ref"},
		Thread: &rooms.Thread{Count: 2, Latest: late, Participants: map[string]bool{alice: true, bob: true, carol: true}},
	}
	v := w.view()
	shown, err := v.Show(t.Context(), Viewer{UserID: bob}, []*rooms.Event{root}, ShowOptions{Bundle: true})
	require.NoError(t, err)
	relations := gjson.GetBytes(shown[0], `unsigned.m\.relations`)
	require.Equal(t, edit.ID, relations.Get(`m\.replace.event_id`).Str)
	require.Equal(t, "root", gjson.GetBytes(shown[0], "content.body").Str, "the content is not replaced")
	require.Equal(t, int64(2), relations.Get(`m\.thread.count`).Int())
	require.True(t, relations.Get(`m\.thread.current_user_participated`).Bool())
	require.Equal(t, late.ID, relations.Get(`m\.thread.latest_event.event_id`).Str)
	require.Equal(t, `{"chunk":[{"event_id":"$ref"}]}`, relations.Get(`m\.reference`).Raw)

	w.ignored = map[string]struct{}{carol: {}}
	shown, err = v.Show(t.Context(), viewerOf(t, v, bob), []*rooms.Event{root}, ShowOptions{Bundle: true})
	require.NoError(t, err)
	require.Equal(t, answer.ID, gjson.GetBytes(shown[0], `unsigned.m\.relations.m\.thread.latest_event.event_id`).Str)

	w.redacted[root.ID] = w.add(6, "m.room.redaction", alice, nil, `{}`)
	shown, err = v.Show(t.Context(), Viewer{UserID: bob}, []*rooms.Event{root}, ShowOptions{Bundle: true})
	require.NoError(t, err)
	require.False(t, gjson.GetBytes(shown[0], `unsigned.m\.relations.m\.replace`).Exists())
}

func TestNobodyCanForgeAVerdict(t *testing.T) {
	forged := `{"state":"translated","verdict":"pass"}`
	for _, content := range []string{
		`{"body":"x","org.medixchange.translation":` + forged + `}`,
		`{"body":"x","org\u002emedixchange.translation":` + forged + `}`,
		`{"body":"x","m.new_content":{"body":"y","org.medixchange.translation":` + forged + `}}`,
		`{"body":"x","m.new_content":{"body":"y","\u006frg.medixchange.translation":` + forged + `}}`,
	} {
		w := newWorld()
		ev := w.add(2, "m.room.message", alice, nil, content)
		root := w.message(3, alice, "root")
		w.aggregates[root.ID] = rooms.Aggregate{Edit: ev}
		v := w.view()
		for _, shown := range []*rooms.Event{ev, root} {
			out, err := v.Show(t.Context(), Viewer{UserID: bob}, []*rooms.Event{shown}, ShowOptions{Bundle: true})
			require.NoError(t, err)
			require.NotContains(t, string(out[0]), "verdict")
			require.True(t, json.Valid(out[0]))
		}
		cleaned, err := v.FromClient(t.Context(), Viewer{UserID: alice}, json.RawMessage(content))
		require.NoError(t, err)
		require.NotContains(t, string(cleaned), "verdict")
	}
}

func TestShowPutsTheRenderingInPlaceForReadersButNotForTheSender(t *testing.T) {
	w := newWorld()
	w.language = "es"
	ev := w.message(2, alice, "hello")
	w.renderings = []*Rendering{{
		EventNID: 2, EventID: ev.ID, Language: "es", Version: 2, Position: 5,
		Content: json.RawMessage(`{"msgtype":"m.text","body":"hola","org.medixchange.translation":{"state":"translated","verdict":"pass"}}`),
	}}
	v := w.view()
	body := func(user string, upto int64) any {
		return showOne(t, v, viewerOf(t, v, user), ev, ShowOptions{Upto: upto})["content"].(map[string]any)["body"]
	}
	require.Equal(t, "hola", body(bob, 0))
	require.Equal(t, "hola", body(bob, 5))
	require.Equal(t, "hello", body(bob, 4), "not yet in force there")
	require.Equal(t, "hello", body(alice, 0), "the sender sees their own words")
	unsigned := showOne(t, v, viewerOf(t, v, bob), ev, ShowOptions{})["unsigned"].(map[string]any)
	require.Equal(t, "pass", unsigned[TranslationKey].(map[string]any)["verdict"])
	w.redacted[ev.ID] = w.add(9, "m.room.redaction", alice, nil, `{}`)
	require.Nil(t, body(bob, 0), "a redacted event has no translation")
	w.language = "fr"
	delete(w.redacted, ev.ID)
	require.Equal(t, "hello", body(bob, 0))
}

func TestAPageOfHistoryAsksForTranslationsAndWhatIsShownUpToAPlaceDoesNot(t *testing.T) {
	w := newWorld()
	w.language = "es"
	ev, own := w.message(2, alice, "hello"), w.message(3, bob, "mine")
	v := w.view()
	v.budget = time.Second
	w.request = func(language string, events []*rooms.Event, budget time.Duration) {
		require.Equal(t, "es", language)
		require.Equal(t, time.Second, budget)
		require.Equal(t, []string{ev.ID}, idsOf(events))
		w.renderings = []*Rendering{{EventNID: 2, EventID: ev.ID, Language: "es", Version: 2, Position: 9, Content: json.RawMessage(`{"body":"hola"}`)}}
	}
	show := func(upto int64) string {
		shown, err := v.Show(t.Context(), viewerOf(t, v, bob), []*rooms.Event{ev, own}, ShowOptions{Upto: upto})
		require.NoError(t, err)
		return gjson.GetBytes(shown[0], "content.body").Str
	}
	require.Equal(t, "hello", show(5))
	require.Empty(t, w.renderings, "a sync asks before it shows, if at all")
	require.Equal(t, "hola", show(0))
}

// Renderings that follow from the event have no position; their states are still different bytes.
func TestShowKeepsTheStatesOfUnplacedRenderingsApart(t *testing.T) {
	w := newWorld()
	w.language = "es"
	ev := w.message(2, alice, "hello")
	v := w.view()
	for _, state := range []string{"pending", "none"} {
		w.renderings = []*Rendering{{
			EventNID: 2, EventID: ev.ID, Language: "es", Version: 2, State: state,
			Content: json.RawMessage(`{"body":"hello","org.medixchange.translation":{"state":"` + state + `"}}`),
		}}
		shown, err := v.Show(t.Context(), viewerOf(t, v, bob), []*rooms.Event{ev}, ShowOptions{})
		require.NoError(t, err)
		require.Equal(t, state, gjson.GetBytes(shown[0], `content.org\.medixchange\.translation.state`).Str)
	}
}

func TestShowPicksTheFieldsOfAFilter(t *testing.T) {
	w := newWorld()
	ev := w.add(2, "m.room.message", alice, nil, `{"body":"x","msgtype":"m.text","a.b":1,"deep":{"er":2,"no":3}}`)
	v := w.view()
	for _, c := range []struct {
		fields   []string
		expected string
	}{
		{[]string{"type"}, `{"type":"m.room.message"}`},
		{[]string{"content.body"}, `{"content":{"body":"x"}}`},
		{[]string{`content.a\.b`, "sender"}, `{"content":{"a.b":1},"sender":"@alice:a"}`},
		{[]string{"content.deep.er"}, `{"content":{"deep":{"er":2,"no":3}}}`},
		{[]string{"content.body", "content"}, `{"content":{"body":"x","msgtype":"m.text","a.b":1,"deep":{"er":2,"no":3}}}`},
	} {
		shown, err := v.Show(t.Context(), Viewer{UserID: bob}, []*rooms.Event{ev}, ShowOptions{Fields: c.fields})
		require.NoError(t, err)
		require.JSONEq(t, c.expected, string(shown[0]))
	}
}

func TestShowGivesThePDUWithoutForgedKeys(t *testing.T) {
	w := newWorld()
	plain := w.message(2, alice, "x")
	forged := w.add(3, "m.room.message", alice, nil, `{"body":"y","org.medixchange.translation":{"verdict":"pass"}}`)
	v := w.view()
	shown, err := v.Show(t.Context(), Viewer{UserID: bob}, []*rooms.Event{plain, forged}, ShowOptions{Format: FormatFederation})
	require.NoError(t, err)
	require.JSONEq(t, string(plain.JSON), string(shown[0]))
	require.Equal(t, `{"body":"y"}`, gjson.GetBytes(shown[1], "content").Raw)
	require.True(t, gjson.GetBytes(shown[1], "hashes").Exists())
}

func TestStableCacheStaysWithinItsBytes(t *testing.T) {
	c := newStableCache(10_000)
	for i := range int64(1000) {
		c.put(stableKey{nid: i}, &stable{open: make([]byte, 300)})
	}
	require.LessOrEqual(t, (len(c.young)+len(c.old))*500, 10_000)
	_, ok := c.get(stableKey{nid: 999})
	require.True(t, ok)
	_, ok = c.get(stableKey{nid: 1})
	require.False(t, ok)
}

func FuzzWithoutForged(f *testing.F) {
	f.Add(`{"org.medixchange.translation":1,"m.new_content":{"\u006frg.medixchange.translation":2}}`)
	f.Add(`{"a":[1,{"b":"\u0041"}]}`)
	f.Fuzz(func(t *testing.T, content string) {
		if !json.Valid([]byte(content)) || !gjson.Parse(content).IsObject() {
			return
		}
		out := withoutForged([]byte(content))
		require.True(t, json.Valid(out), "%s became %s", content, out)
		var decoded map[string]any
		if json.Unmarshal(out, &decoded) == nil {
			require.NotContains(t, decoded, TranslationKey)
		}
	})
}

func FuzzPickFields(f *testing.F) {
	f.Add(`{"a":{"b":1},"c":2}`, `a.b`)
	f.Fuzz(func(t *testing.T, event, field string) {
		if !json.Valid([]byte(event)) || !gjson.Parse(event).IsObject() {
			return
		}
		require.True(t, json.Valid(PickFields([]byte(event), []string{field})))
	})
}

func BenchmarkShowShared(b *testing.B) {
	w := newWorld()
	ev := w.message(2, alice, "hello from the ward")
	w.renderings = nil
	v := New(Options{Rooms: w, Reader: w, Renderer: Plain, Now: w.view().now})
	events := []*rooms.Event{ev}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Append(b.Context(), dst[:0], Viewer{UserID: bob}, events, ShowOptions{Format: FormatSync, Bundle: true, Joined: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
