package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// TestASettingThatNobodyKnowsKeepsARoomsTextsFromEngines: no other member of the content, and no other form of the value,
// opens a room that its people have closed.
func TestASettingThatNobodyKnowsKeepsARoomsTextsFromEngines(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	for _, content := range []string{
		`{"translation":"off","threads":"yes"}`, `{"translation":"Off"}`, `{"translation":false}`, `{"translation":["off"]}`, `{"translation":"none"}`,
	} {
		w.setState(room, alice, typeSettings, content)
		w.say(room, alice, question)
		w.settled()
		require.Zero(t, w.engine.total(), content)
	}
	w.setState(room, alice, typeSettings, `{"translation":"local","readback":"on"}`)
	require.Equal(t, translationLocal, w.bridge.translationIn(t.Context(), room))
	w.setState(room, alice, typeSettings, `{"translation":"on","readback":true}`)
	w.rendered(w.say(room, alice, question), "es")
}

// TestACommandChangesItsOwnSettingAlone: what else the moderators wrote stays, also what this node does not know.
func TestACommandChangesItsOwnSettingAlone(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	w.setState(room, alice, typeSettings, `{"translation":"off","threads":"yes","x":1}`)
	for _, c := range []struct{ command, answer, content string }{
		{"!readback on", "room_readback_on", `{"readback":true,"threads":"yes","translation":"off","x":1}`},
		{"!translation local", "room_external_off", `{"readback":true,"threads":"yes","translation":"local","x":1}`},
		{"!readback off", "room_readback_off", `{"threads":"yes","translation":"local","x":1}`},
		{"!translation on", "room_external_on", `{"threads":"yes","x":1}`},
		{"!translation off", "room_translation_off", `{"threads":"yes","translation":"off","x":1}`},
		{"!übersetzung ein", "room_translation_on", `{"threads":"yes","x":1}`},
		{"!çeviri yerel", "room_external_off", `{"threads":"yes","translation":"local","x":1}`},
		{"!translation وضعی", "", `{"threads":"yes","translation":"local","x":1}`},
		{"!翻譯設定 開啟", "room_external_on", `{"threads":"yes","x":1}`},
		{"!復唱設定 オン", "room_readback_on", `{"readback":true,"threads":"yes","x":1}`},
	} {
		w.ahead.Add(int64(replies.CommandEvery))
		answer := w.ask(room, alice, c.command)
		if c.answer != "" {
			require.Equal(t, language.String("en", c.answer), answer)
		}
		snapshot, err := w.rooms.Snapshot(t.Context(), room)
		require.NoError(t, err)
		content, err := w.bridge.settingsContent(t.Context(), snapshot)
		require.NoError(t, err)
		require.JSONEq(t, c.content, content.Raw, c.command)
	}
}
