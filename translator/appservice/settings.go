package appservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"

	"medixchange/translator/encrypted"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// Translation implements replies.Host.
func (h *house) Translation(ctx context.Context, roomID string) (string, error) {
	h.mu.Lock()
	known, ok := h.translation[roomID]
	before := h.changes
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	content, err := h.state(ctx, roomID, replies.TypeSettings)
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return "", encrypted.Final(err)
	}
	setting := replies.TranslationIn(content)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changes != before { // the answer may be of before the change
		return setting, nil
	}
	if len(h.translation) >= keptRooms {
		clear(h.translation)
	}
	h.translation[roomID] = setting
	return setting, nil
}

// translationIn is Translation where nobody tries again. Where it cannot be read, nothing is translated: no engine gets a text
// that its people may have kept to themselves.
func (h *house) translationIn(ctx context.Context, roomID string) string {
	setting, err := h.Translation(ctx, roomID)
	if err != nil {
		return replies.TranslationOff
	}
	return setting
}

// settingOf returns what a command says of a room's translation, and the key of the answer; "" for words that it does not know.
func settingOf(wanted, before string) (value, key string) {
	switch wanted {
	case "off":
		return replies.TranslationOff, "room_translation_off"
	case "local":
		return replies.TranslationLocal, "room_external_off"
	case "on":
		if before == replies.TranslationLocal {
			return "", "room_external_on"
		}
		return "", "room_translation_on"
	}
	return "", ""
}

// answerTranslation changes how a room is translated by the words of a moderator. The state event is the bot's, since it has
// nobody's name but its own: who asks needs the power that the room wants for it, and so does the bot.
func (h *house) answerTranslation(ctx context.Context, at place, reader language.Code, c replies.Command) (string, error) {
	if setting, _ := c.CutSetting(); setting == replies.SettingTopics {
		return language.Say(reader, "bot_elsewhere"), nil
	}
	value, key := settingOf(replies.SettingWord(c.Rest), h.translationIn(ctx, at.room))
	if key == "" {
		return language.Say(reader, "error_usage", "example", replies.Example(reader, c.Name, "off")), nil
	}
	may, err := h.hasPower(ctx, at.room, at.user, powerOfSettings)
	if err != nil {
		return "", fmt.Errorf("asking who may change a room: %w", err)
	}
	if !may {
		return language.Say(reader, "error_moderator"), nil
	}
	err = h.setTranslation(ctx, at.room, value)
	if errors.Is(err, mautrix.MForbidden) {
		return language.Say(reader, "bot_unpowered", "type", replies.TypeSettings), nil
	}
	if err != nil {
		return "", err
	}
	return language.Say(reader, key), nil
}

// powerOfSettings is from which power on somebody may change how a room is translated.
func powerOfSettings(levels gjson.Result) int64 {
	if own, ok := levels.Get("events").Map()[replies.TypeSettings]; ok {
		return own.Int()
	}
	if usual := levels.Get("state_default"); usual.Exists() {
		return usual.Int()
	}
	return moderatorPower
}

// setTranslation writes a room's setting, and leaves what else its moderators say as it is.
func (h *house) setTranslation(ctx context.Context, roomID, value string) error {
	settings, err := h.state(ctx, roomID, replies.TypeSettings)
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return err
	}
	var said any
	if value != "" {
		said = value
	}
	content, err := replies.WithSetting(settings, replies.TranslationKey, said)
	if err != nil {
		return fmt.Errorf("writing the settings of a room: %w", err)
	}
	client := h.s.client
	url := client.BuildClientURL("v3", "rooms", roomID, "state", replies.TypeSettings, "")
	if _, err := client.MakeRequest(ctx, http.MethodPut, url, json.RawMessage(content), nil); err != nil {
		return fmt.Errorf("changing the settings of a room: %w", err)
	}
	h.forget(roomID)
	return nil
}
