package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

func lateRendering(ev *rooms.Event, position int64) *Rendering {
	return &Rendering{
		EventNID: ev.NID, EventID: ev.ID, RoomID: room, Language: "es", Version: ev.NID, Position: position, State: "translated",
		Content:     json.RawMessage(`{"body":"hola"}`),
		LateContent: json.RawMessage(`{"msgtype":"m.text","body":"🌐 hola","m.mentions":{"user_ids":["@bob:b"]},"org.medixchange.translation":{"state":"translated"}}`),
		VersionTS:   ev.OriginServerTS,
	}
}

func TestLateRenderingsComeAsEditsOfTheViewerOnly(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, bob, "join")
	ev := w.message(2, alice, "hello")
	w.renderings = []*Rendering{lateRendering(ev, 5)}
	v := w.view()
	late, err := v.Late(t.Context(), viewerOf(t, v, bob), room, LateOptions{Since: 3, Upto: 9})
	require.NoError(t, err)
	require.Len(t, late, 1)
	edit := gjson.ParseBytes(late[0].JSON)
	require.True(t, json.Valid(late[0].JSON))
	require.Equal(t, syntheticID(2, 2, bob, false), edit.Get("event_id").Str)
	require.Equal(t, ev.OriginServerTS, edit.Get("origin_server_ts").Int(), "of the version that it translates")
	require.Equal(t, alice, edit.Get("sender").Str)
	require.Equal(t, "{}", edit.Get(`content.m\.mentions`).Raw, "it calls nobody again")
	require.Equal(t, bob, edit.Get(`content.m\.new_content.m\.mentions.user_ids.0`).Str)
	require.Equal(t, "m.replace", edit.Get(`content.m\.relates_to.rel_type`).Str)
	require.Equal(t, ev.ID, edit.Get(`content.m\.relates_to.event_id`).Str)
	require.Equal(t, "* 🌐 hola", edit.Get("content.body").Str)
	require.Equal(t, "translated", edit.Get(`content.m\.new_content.org\.medixchange\.translation.state`).Str)
	require.Equal(t, "translated", edit.Get(`unsigned.org\.medixchange\.translation.state`).Str, "for tools")
}

func TestLateIsOnlyForThoseWhoHadTheRawText(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, bob, "join")
	w.member(2, alice, "join")
	ev := w.message(4, alice, "hello")
	w.renderings = []*Rendering{lateRendering(ev, 6)}
	v := w.view()
	count := func(user string, since, upto int64) int {
		late, err := v.Late(t.Context(), viewerOf(t, v, user), room, LateOptions{Since: since, Upto: upto})
		require.NoError(t, err)
		return len(late)
	}
	require.Equal(t, 1, count(bob, 4, 6))
	require.Zero(t, count(bob, 3, 6), "in place: the event comes in the same answer")
	require.Zero(t, count(bob, 6, 9), "told before")
	require.Zero(t, count(bob, 4, 5), "not there yet")
	require.Zero(t, count(alice, 4, 6), "the sender")
	require.Zero(t, count(carol, 4, 6), "who was never in the room")
	w.redacted[ev.ID] = w.add(9, "m.room.redaction", alice, nil, `{}`)
	require.Zero(t, count(bob, 4, 6), "redacted")
}

func TestLateEditOfAnEditReplacesTheFirstEvent(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, bob, "join")
	w.message(2, alice, "hello")
	edit := w.add(3, "m.room.message", alice, nil, `{"body":"* hi","m.relates_to":{"rel_type":"m.replace","event_id":"$event2"}}`)
	w.renderings = []*Rendering{lateRendering(edit, 5)}
	v := w.view()
	late, err := v.Late(t.Context(), viewerOf(t, v, bob), room, LateOptions{Since: 3, Upto: 9})
	require.NoError(t, err)
	require.Equal(t, "$event2", gjson.GetBytes(late[0].JSON, `content.m\.relates_to.event_id`).Str)
}

func TestARealEditCancelsTheLateEditOfAnOlderVersion(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, bob, "join")
	ev := w.message(2, alice, "hello")
	w.renderings = []*Rendering{lateRendering(ev, 5)}
	edit := w.add(3, "m.room.message", alice, nil, `{"body":"* hi","m.relates_to":{"rel_type":"m.replace","event_id":"$event2"}}`)
	w.aggregates[ev.ID] = rooms.Aggregate{Edit: edit}
	v := w.view()
	late, err := v.Late(t.Context(), viewerOf(t, v, bob), room, LateOptions{Since: 3, Upto: 9})
	require.NoError(t, err)
	require.Empty(t, late)
	w.renderings = []*Rendering{lateRendering(edit, 6)}
	late, err = v.Late(t.Context(), viewerOf(t, v, bob), room, LateOptions{Since: 3, Upto: 9})
	require.NoError(t, err)
	require.Len(t, late, 1)
}

func TestWithdrawingRedactsTheSynthetic(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, bob, "join")
	ev := w.message(2, alice, "hello")
	gone := lateRendering(ev, 5)
	gone.Redaction = true
	w.renderings = []*Rendering{gone}
	w.redacted[ev.ID] = w.add(9, "m.room.redaction", alice, nil, `{}`)
	v := w.view()
	late, err := v.Late(t.Context(), viewerOf(t, v, bob), room, LateOptions{Since: 3, Upto: 9})
	require.NoError(t, err)
	require.Len(t, late, 1)
	require.Equal(t, "m.room.redaction", gjson.GetBytes(late[0].JSON, "type").Str)
	require.Equal(t, syntheticID(2, 2, bob, false), gjson.GetBytes(late[0].JSON, "redacts").Str)
	require.Equal(t, syntheticID(2, 2, bob, true), gjson.GetBytes(late[0].JSON, "event_id").Str)
}

func TestHoldStopsAtTheFirstEventThatIsBeingTranslated(t *testing.T) {
	w := newWorld()
	w.language = "es"
	first, second, third := w.message(2, alice, "a"), w.message(3, alice, "b"), w.message(4, alice, "c")
	w.hold[3] = clock.Add(time.Second)
	w.hold[2] = clock.Add(-time.Second)
	v := w.view()
	events := []*rooms.Event{first, second, third}
	i, until := v.Hold(viewerOf(t, v, bob), events, 9, nil)
	require.Equal(t, 1, i)
	require.Equal(t, clock.Add(time.Second), until)
	i, _ = v.Hold(viewerOf(t, v, alice), events, 9, nil)
	require.Equal(t, 3, i, "nothing of one's own is held")
	w.language = ""
	i, _ = v.Hold(viewerOf(t, v, bob), events, 9, nil)
	require.Equal(t, 3, i)
}

func TestIDsOfSyntheticsBecomeRealOnes(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, bob, "join")
	ev := w.message(2, alice, "hello")
	newer := w.message(3, alice, "newer")
	w.message(8, alice, "after the edit's place")
	r := lateRendering(ev, 5)
	w.renderings = []*Rendering{r}
	v := w.view()
	viewer := viewerOf(t, v, bob)
	id := v.renderer.SyntheticID(r, bob)
	real, synthetic, err := v.MapID(t.Context(), viewer, id)
	require.NoError(t, err)
	require.True(t, synthetic)
	require.Equal(t, ev.ID, real)
	real, synthetic, err = v.MapID(t.Context(), viewer, "$other")
	require.NoError(t, err)
	require.False(t, synthetic)
	require.Equal(t, "$other", real)

	receipt, err := v.MapReceipt(t.Context(), viewer, room, id, "")
	require.NoError(t, err)
	require.Equal(t, newer.ID, receipt, "the newest that bob could see at the place of the edit")

	content, err := v.FromClient(t.Context(), viewer, json.RawMessage(fmt.Sprintf(
		`{"body":"x","m.relates_to":{"event_id":%q,"m.in_reply_to":{"event_id":%q}},"pinned":["$keep",%q]}`, id, id, id)))
	require.NoError(t, err)
	require.JSONEq(t, `{"body":"x","m.relates_to":{"event_id":"$event2","m.in_reply_to":{"event_id":"$event2"}},"pinned":["$keep","$event2"]}`, string(content))

	w.down = errors.New("the database is away")
	_, _, err = v.MapID(t.Context(), viewer, id)
	require.ErrorIs(t, err, w.down)
	_, err = v.MapReceipt(t.Context(), viewer, room, id, "")
	require.ErrorIs(t, err, w.down)
	_, err = v.FromClient(t.Context(), viewer, json.RawMessage(`{"pinned":["`+id+`"]}`))
	require.ErrorIs(t, err, w.down, "an id of which nothing is known is stored nowhere")
}

func TestForServerRedactsWhatTheServerMayNotSee(t *testing.T) {
	w := newWorld()
	w.states[1] = []*rooms.Event{w.member(1, alice, "join"), w.member(2, bob, "invite")}
	w.states[2] = []*rooms.Event{w.member(3, alice, "join"), w.member(4, bob, "join")}
	for _, c := range []struct {
		name       string
		visibility rooms.HistoryVisibility
		state      int64
		whole      bool
	}{
		{"shared", rooms.VisibilityShared, 1, true},
		{"world readable", rooms.VisibilityWorldReadable, 1, true},
		{"invited while invited", rooms.VisibilityInvited, 1, true},
		{"joined while invited", rooms.VisibilityJoined, 1, false},
		{"joined while joined", rooms.VisibilityJoined, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := w.message(10, alice, "secret")
			ev.Visibility, ev.StateBefore = c.visibility, c.state
			out, err := w.view().ForServer(t.Context(), "b", []*rooms.Event{ev})
			require.NoError(t, err)
			require.Len(t, out, 1)
			require.Equal(t, c.whole, gjson.GetBytes(out[0], "content.body").Exists())
			require.Equal(t, "x", gjson.GetBytes(out[0], "hashes.sha256").Str, "the graph stays walkable")
		})
	}
	t.Run("unknown state shows nothing", func(t *testing.T) {
		ev := w.message(10, alice, "secret")
		ev.Visibility, ev.StateBefore = rooms.VisibilityJoined, 99
		out, err := w.view().ForServer(t.Context(), "b", []*rooms.Event{ev})
		require.NoError(t, err)
		require.Empty(t, out)
	})
	t.Run("a message without a place in history shows nothing", func(t *testing.T) {
		ev := w.message(10, alice, "secret")
		ev.Outcome = rooms.Outlier // its visibility reads as shared, but nobody knows it
		out, err := w.view().ForServer(t.Context(), "b", []*rooms.Event{ev})
		require.NoError(t, err)
		require.Empty(t, out)
		visible, err := w.view().VisibleToServer(t.Context(), "b", ev)
		require.NoError(t, err)
		require.False(t, visible)
	})
	t.Run("redacted", func(t *testing.T) {
		ev := w.message(10, alice, "secret")
		w.redacted[ev.ID] = w.message(11, alice, "")
		out, err := w.view().ForServer(t.Context(), "b", []*rooms.Event{ev})
		require.NoError(t, err)
		require.NotContains(t, string(out[0]), "secret")
	})
}

func TestStrippedStateHasFourKeysTheCreateEventItsTimeAndTheMemberLast(t *testing.T) {
	w := newWorld()
	w.current = []*rooms.Event{
		w.add(1, "m.room.create", alice, key(""), `{"room_version":"12"}`), w.add(2, "m.room.name", alice, key(""), `{"name":"ward"}`),
		w.add(3, "m.room.power_levels", alice, key(""), `{}`), w.member(4, alice, "join"), w.member(5, bob, "invite"),
	}
	out, err := w.view().Stripped(t.Context(), room, alice, bob)
	require.NoError(t, err)
	require.Len(t, out, 4)
	require.JSONEq(t, `{"type":"m.room.create","state_key":"","sender":"@alice:a","content":{"room_version":"12"},"origin_server_ts":1001}`, string(out[0]))
	require.Len(t, gjson.ParseBytes(out[1]).Map(), 4)
	require.Equal(t, bob, gjson.GetBytes(out[3], "state_key").Str)
}

func TestStrippedFromOtherServersIsCutToFourKeys(t *testing.T) {
	v := newWorld().view()
	out := v.StrippedFrom(
		[]byte(`[{"type":"m.room.name","state_key":"","sender":"@a:b","content":{"name":"x"},"event_id":"$1","hashes":{}},{"type":"broken"},7,
			{"type":"m.room.member","state_key":"@bob:b","sender":"@a:b","content":{"membership":"join"}}]`),
		[]byte(`{"type":"m.room.member","state_key":"@bob:b","sender":"@a:b","content":{"membership":"invite"},"origin":"b"}`))
	require.Len(t, out, 2)
	require.JSONEq(t, `{"type":"m.room.name","state_key":"","sender":"@a:b","content":{"name":"x"}}`, string(out[0]))
	require.Equal(t, "invite", gjson.GetBytes(out[1], "content.membership").Str, "not what the other server's state says")
}

func TestAViewerOfAnotherModeGetsTheirForm(t *testing.T) {
	w := newWorld()
	w.language, w.mode = "es", ModeOriginalFirst
	w.member(1, alice, "join")
	w.member(2, bob, "join")
	ev := w.message(3, alice, "hello")
	w.renderings = []*Rendering{{
		EventNID: 3, EventID: ev.ID, Language: "es", Version: 3, Position: 9, State: "translated",
		Content: json.RawMessage(`{"body":"hola"}`), LateContent: json.RawMessage(`{"body":"tarde","msgtype":"m.text"}`),
	}}
	v := w.view()
	viewer := viewerOf(t, v, bob)
	inRoom, err := v.InRoom(t.Context(), viewer, room)
	require.NoError(t, err)
	shown := showOne(t, v, inRoom, ev, ShowOptions{})["content"].(map[string]any)
	require.Equal(t, ModeOriginalFirst, shown["form"])
	late, err := v.Late(t.Context(), inRoom, room, LateOptions{Since: 5, Upto: 10})
	require.NoError(t, err)
	require.Len(t, late, 1)
	require.Contains(t, string(late[0].JSON), ModeOriginalFirst)

	w.mode = ModeInPlace
	shown = showOne(t, v, viewer, ev, ShowOptions{})["content"].(map[string]any)
	require.NotContains(t, shown, "form", "the cache tells modes apart")
	shown = showOne(t, v, inRoom, ev, ShowOptions{})["content"].(map[string]any)
	require.Contains(t, shown, "form", "a request is answered in one form")

	w.mode = ModeThread
	inRoom, err = v.InRoom(t.Context(), viewer, room)
	require.NoError(t, err)
	require.Equal(t, ModeOriginalFirst, inRoom.Mode, "no bot, no threads")
	w.threads, w.renderings[0].Threaded = true, true
	inRoom, err = v.InRoom(t.Context(), viewer, room)
	require.NoError(t, err)
	shown = showOne(t, v, inRoom, ev, ShowOptions{})["content"].(map[string]any)
	require.Equal(t, "hello", shown["body"], "the translation is in the thread")
	late, err = v.Late(t.Context(), inRoom, room, LateOptions{Since: 5, Upto: 10})
	require.NoError(t, err)
	require.Empty(t, late)
	w.hold[3] = clock.Add(time.Second)
	held, _ := v.Hold(inRoom, []*rooms.Event{ev}, 5, nil)
	require.Equal(t, 1, held, "nothing to wait for")
}

func TestANoticeIsForItsUserAloneAndCountsForItsPlace(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, alice, "join")
	w.member(2, bob, "join")
	w.message(3, alice, "hello")
	w.message(4, alice, "more")
	w.message(9, alice, "later")
	v := w.view()
	n := &Notice{UserID: bob, RoomID: room, EventNID: 3, Sender: carol, Position: 6, TS: 7, Content: json.RawMessage(`{"body":"told"}`)}
	w.notices = []*Notice{n}
	viewer := viewerOf(t, v, bob)
	found, err := v.Notices(t.Context(), bob, 5, 6)
	require.NoError(t, err)
	require.Len(t, found, 1)
	var event map[string]any
	require.NoError(t, json.Unmarshal(v.Notice(viewer, n), &event))
	require.Equal(t, carol, event["sender"])
	require.Equal(t, "told", event["content"].(map[string]any)["body"])
	mapped, err := v.MapReceipt(t.Context(), viewer, room, event["event_id"].(string), "")
	require.NoError(t, err)
	require.Equal(t, "$event4", mapped, "what could be seen when it came")
	require.JSONEq(t, `{"redacts":"`+event["event_id"].(string)+`"}`,
		contentOf(t, v.Notice(viewer, &Notice{UserID: bob, RoomID: room, EventNID: 3, Sender: carol, Position: 8, Redacts: 6})))
	w.ignored = map[string]struct{}{carol: {}}
	require.Nil(t, v.Notice(viewerOf(t, v, bob), n))
}

func contentOf(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var event struct{ Content json.RawMessage }
	require.NoError(t, json.Unmarshal(raw, &event))
	return string(event.Content)
}
