package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

func TestCreateSendJoin(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		n := openTestNode(t, fresh())
		for v := 1; v <= 12; v++ {
			version := fmt.Sprint(v)
			room := n.create(CreateRequest{Version: version, Preset: "public_chat", Name: "Ward 3", Topic: "Rounds", Invite: []string{surgeon}})
			s := n.snap(room)
			require.Equal(t, version, s.Version)
			require.Equal(t, "join", s.Membership(doctor))
			require.Equal(t, "invite", s.Membership(surgeon))
			require.Equal(t, "public", s.JoinRule)
			n.join(room, nurse)
			id := n.say(room, nurse, "good morning")
			ev := n.event(id)
			require.Equal(t, nurse, ev.Sender)
			require.Equal(t, "good morning", ev.Content().Get("body").Str)
			require.Equal(t, HistoryKey{ev.Position, 0}, ev.Key)
			require.Equal(t, 2, n.snap(room).Joined)
			require.Equal(t, ev.Position, n.snap(room).LastEvent)
		}
	})
}

func TestSameTxnGivesTheSameEvent(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	req := SendRequest{
		RoomID: room, Sender: doctor, Type: "m.room.message", Content: json.RawMessage(`{"body":"once"}`),
		Txn: &Txn{Scope: "PHONE", Path: "send/" + room, ID: "m1"},
	}
	ids := make([]string, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { ids[i], _ = n.Send(context.Background(), req) })
	}
	wg.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id, "concurrent requests share one result")
	}
	again, err := n.Send(context.Background(), req)
	require.NoError(t, err)
	require.Equal(t, ids[0], again, "repeated")
	n.restart()
	again, err = n.Send(context.Background(), req)
	require.NoError(t, err)
	require.Equal(t, ids[0], again, "after a restart")
	require.Equal(t, 1, n.count(`SELECT COUNT(*) FROM events WHERE type = 'm.room.message'`))

	nid := n.event(ids[0]).NID
	for range 2 { // read after the restart, then remembered
		txns, err := n.TxnsOf(context.Background(), doctor, "PHONE", []int64{nid})
		require.NoError(t, err)
		require.Equal(t, map[int64]string{nid: "m1"}, txns)
		txns, err = n.TxnsOf(context.Background(), doctor, "TABLET", []int64{nid})
		require.NoError(t, err)
		require.Empty(t, txns, "of another device")
	}
}

func TestCreateIsOneCommit(t *testing.T) {
	n := newTestNode(t)
	before := n.hub.Position()
	room := n.create(CreateRequest{Name: "Ward", Invite: []string{nurse, surgeon}})
	entries, complete := n.hub.Since(RoomTopic(room), before, n.hub.Position())
	require.True(t, complete)
	var positions []int64
	for _, e := range entries {
		if e.Kind == EntryEvent {
			positions = append(positions, e.Position)
		}
	}
	require.Equal(t, before+1, positions[0])
	require.Equal(t, positions[len(positions)-1]-positions[0]+1, int64(len(positions)), "positions have no holes")

	_, err := n.Create(context.Background(), CreateRequest{Creator: doctor, Name: "Broken", InitialState: []StateInput{
		{Type: "m.room.power_levels", Content: json.RawMessage(`{"users_default":"much"}`)},
	}})
	require.ErrorIs(t, err, ErrInvalidRoomState)
	require.Equal(t, 1, n.count(`SELECT COUNT(*) FROM rooms`), "nothing of a refused room is stored")
}

func TestUnchangedStateReturnsTheEventThatIsThere(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	first, err := n.setState(room, doctor, "m.room.topic", "", `{"topic": "a"}`)
	require.NoError(t, err)
	second, err := n.setState(room, doctor, "m.room.topic", "", `{"topic":"a" }`)
	require.NoError(t, err)
	require.Equal(t, first, second)
	third, err := n.setState(room, doctor, "m.room.topic", "", `{"topic":"b"}`)
	require.NoError(t, err)
	require.NotEqual(t, first, third)

	_, err = n.Send(context.Background(), SendRequest{
		RoomID: room, Sender: doctor, Type: "m.room.redaction", Redacts: third, Content: json.RawMessage(`{}`),
	})
	require.NoError(t, err)
	fourth, err := n.setState(room, doctor, "m.room.topic", "", `{"topic":"b"}`)
	require.NoError(t, err)
	require.NotEqual(t, third, fourth, "a redacted topic can be set again")

	other := n.create(CreateRequest{Version: "11", PowerOverride: json.RawMessage(`{"state_default":0,"events":{}}`), Invite: []string{nurse}})
	n.join(other, nurse)
	mine, err := n.setState(other, doctor, "org.example", "", `{"a":1}`)
	require.NoError(t, err)
	theirs, err := n.setState(other, nurse, "org.example", "", `{"a":1}`)
	require.NoError(t, err)
	require.NotEqual(t, mine, theirs, "who said it is part of the state")
}

func TestRefusedAtTheDoor(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	old := n.publicRoom("5")
	n.join(room, nurse)
	long := strings.Repeat("x", 256)
	at := func(s string) *string { return &s }
	for _, c := range []struct {
		name string
		req  SendRequest
		want error
	}{
		{"float", SendRequest{Type: "m", Content: json.RawMessage(`{"a":1.5}`)}, ErrBadEvent},
		{"large integer", SendRequest{Type: "m", Content: json.RawMessage(`{"a":9007199254740992}`)}, ErrBadEvent},
		{"float in version 5", SendRequest{RoomID: old, Type: "m", Content: json.RawMessage(`{"a":1.5}`)}, nil},
		{"duplicate key", SendRequest{Type: "m", Content: json.RawMessage(`{"a":1,"a":2}`)}, ErrBadEvent},
		{"not an object", SendRequest{Type: "m", Content: json.RawMessage(`[]`)}, ErrBadEvent},
		{"no JSON", SendRequest{Type: "m", Content: json.RawMessage(`{`)}, ErrBadEvent},
		{"nothing", SendRequest{Type: "m"}, ErrBadEvent},
		{"too large", SendRequest{Type: "m", Content: json.RawMessage(`{"a":"` + strings.Repeat("x", 65536) + `"}`)}, ErrTooLarge},
		{"just too large", SendRequest{Type: "m", Content: json.RawMessage(`{"a":"` + strings.Repeat("x", 65300) + `"}`)}, ErrTooLarge},
		{"no type", SendRequest{Content: json.RawMessage(`{}`)}, ErrInvalidParam},
		{"long type", SendRequest{Type: long, Content: json.RawMessage(`{}`)}, ErrInvalidParam},
		{"long state key", SendRequest{Type: "m", StateKey: &long, Content: json.RawMessage(`{}`)}, ErrInvalidParam},
		{"second create", SendRequest{Type: "m.room.create", StateKey: at(""), Content: json.RawMessage(`{}`)}, ErrBadEvent},
		{"creator among the levels", SendRequest{Type: "m.room.power_levels", StateKey: at(""), Content: json.RawMessage(`{"users":{"` + doctor + `":100}}`)}, ErrBadEvent},
		{"state of another user", SendRequest{Type: "m", StateKey: at(nurse), Content: json.RawMessage(`{}`)}, ErrForbidden},
		{"not a member", SendRequest{Sender: surgeon, Type: "m", Content: json.RawMessage(`{}`)}, ErrForbidden},
		{"no power", SendRequest{Sender: nurse, Type: "m.room.name", StateKey: at(""), Content: json.RawMessage(`{"name":"x"}`)}, ErrForbidden},
		{"unknown room", SendRequest{RoomID: "!no:where", Type: "m", Content: json.RawMessage(`{}`)}, ErrNotFound},
		{"foreign alias", SendRequest{Type: "m.room.canonical_alias", StateKey: at(""), Content: json.RawMessage(`{"alias":"#no:` + hospital + `"}`)}, ErrBadAlias},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.req.RoomID == "" {
				c.req.RoomID = room
			}
			if c.req.Sender == "" {
				c.req.Sender = doctor
			}
			events := n.count(`SELECT COUNT(*) FROM events`)
			_, err := n.Send(context.Background(), c.req)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.want)
			require.Equal(t, events, n.count(`SELECT COUNT(*) FROM events`), "nothing is stored")
		})
	}
}

func TestTranslationKeyIsStripped(t *testing.T) {
	n := newTestNode(t)
	room := n.publicRoom("12")
	id, err := n.Send(context.Background(), SendRequest{RoomID: room, Sender: doctor, Type: "m.room.message", Content: json.RawMessage(
		`{"body":"a","org.medixchange.translation":{"verdict":"pass"},"m.new_content":{"body":"b","org.medixchange.translation":1}}`)})
	require.NoError(t, err)
	require.JSONEq(t, `{"body":"a","m.new_content":{"body":"b"}}`, n.event(id).Content().Raw)
}

func TestRedaction(t *testing.T) {
	for _, version := range []string{"1", "10", "11", "12"} {
		t.Run("version "+version, func(t *testing.T) {
			n := newTestNode(t)
			room := n.publicRoom(version)
			n.join(room, nurse)
			n.join(room, surgeon)
			target := n.say(room, nurse, "wrong patient")
			_, unknown, _ := n.read.redactions.get([]string{target})
			require.Empty(t, unknown, "that it is not redacted need not be looked up")
			redact := func(sender, target string) (string, error) {
				return n.Send(context.Background(), SendRequest{
					RoomID: room, Sender: sender, Type: "m.room.redaction", Redacts: target, Content: json.RawMessage(`{"reason":"r"}`),
				})
			}
			_, err := redact(surgeon, target)
			require.ErrorIs(t, err, ErrForbidden)
			early, err := redact(nurse, "$unknown")
			if version == "1" { // there the rules themselves want its server to be named
				require.ErrorIs(t, err, ErrForbidden)
			} else {
				require.NoError(t, err, "what is redacted may come later")
				require.Equal(t, "$unknown", n.event(early).Redacts)
			}
			since := n.hub.Position()
			id, err := redact(nurse, target)
			require.NoError(t, err)
			ev := n.event(id)
			require.Equal(t, target, ev.Redacts)
			inContent := strings.Contains(ev.Content().Raw, "redacts")
			require.Equal(t, version == "11" || version == "12", inContent)
			redacted, err := n.Redacted(context.Background(), []string{target})
			require.NoError(t, err)
			require.Equal(t, id, redacted[target].ID)
			entries, _ := n.hub.Since(RoomTopic(room), since, n.hub.Position())
			require.Len(t, entries, 2)
			require.Equal(t, EntryRedaction, entries[1].Kind)
			require.Equal(t, ev.Position, entries[1].Position)
			require.Equal(t, "wrong patient", n.event(target).Content().Get("body").Str, "the event itself stays")
		})
	}
}
