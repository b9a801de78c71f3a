package bridge

import (
	"context"
	"errors"
	"fmt"

	"medixchange/rooms"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// answerSetting changes a setting of the room by the words of a moderator. The state event is the asker's own, so the room's
// rules say who may.
func (t *talk) answerSetting(ctx context.Context, a *asked) (string, error) {
	if setting, rest := a.CutSetting(); setting == replies.SettingTopics && a.Name == replies.CommandTranslation {
		return t.answerTopics(ctx, a, replies.SettingWord(rest))
	}
	key, change := settingOf(a.Name, replies.SettingWord(a.Rest))
	if change == nil {
		return language.Say(a.reader, "error_usage", "example", replies.Example(a.reader, a.Name, "off")), nil
	}
	before, err := t.b.settingsContent(ctx, a.room)
	if err != nil {
		return "", err
	}
	if key == "room_translation_on" && settingsIn(before).Translation == translationLocal {
		key = "room_external_on"
	}
	content, err := replies.WithSetting(before, change.member, change.value)
	if err != nil {
		return "", fmt.Errorf("writing the settings of a room: %w", err)
	}
	stateKey := ""
	var txn *rooms.Txn
	if a.ev.ID != "" { // what was said in an encrypted room comes without its event, and once
		txn = &rooms.Txn{Scope: "translator", Path: "settings", ID: a.ev.ID}
	}
	_, err = t.b.o.Rooms.Send(ctx, rooms.SendRequest{
		RoomID: a.ev.RoomID, Sender: a.ev.Sender, Type: typeSettings, StateKey: &stateKey, Content: content, Txn: txn,
	})
	if errors.Is(err, rooms.ErrForbidden) {
		return language.Say(a.reader, "error_moderator"), nil
	}
	if err != nil {
		return "", fmt.Errorf("changing the settings of a room: %w", err)
	}
	return language.Say(a.reader, key), nil
}

// settingChange is what a command writes into a room's settings; no value takes the member out.
type settingChange struct {
	member string
	value  any
}

// settingOf returns what a command says of a room's settings, and the key of the answer; nil for words that it does not know.
func settingOf(name, value string) (key string, change *settingChange) {
	switch name + " " + value {
	case replies.CommandTranslation + " off":
		return "room_translation_off", &settingChange{replies.TranslationKey, translationOff}
	case replies.CommandTranslation + " local":
		return "room_external_off", &settingChange{replies.TranslationKey, translationLocal}
	case replies.CommandTranslation + " on":
		return "room_translation_on", &settingChange{replies.TranslationKey, nil}
	case replies.CommandReadback + " on":
		return "room_readback_on", &settingChange{keyReadback, true}
	case replies.CommandReadback + " off":
		return "room_readback_off", &settingChange{keyReadback, nil}
	}
	return "", nil
}
