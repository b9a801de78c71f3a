package replies

import (
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// TypeSettings is the state event by which a room's moderators say how the room is translated, wherever the bot that reads it
// runs.
const TypeSettings = "org.medixchange.room"

// TranslationKey is what in the content of TypeSettings says whether the room is translated.
const TranslationKey = "translation"

// Values of TranslationKey. A room where there is none, or "on", is translated by all engines.
const (
	// TranslationOff gives no text of the room to any engine.
	TranslationOff = "off"
	// TranslationLocal gives it to engines of this machine only.
	TranslationLocal = "local"
)

// TranslationIn returns what the content of a room's TypeSettings says of its translation: "", TranslationLocal or
// TranslationOff. A value that nobody knows was meant to keep something back, so it counts as TranslationOff; what else
// stands in the content changes nothing.
func TranslationIn(content gjson.Result) string {
	value := content.Get(TranslationKey)
	switch {
	case !value.Exists():
		return ""
	case value.Type != gjson.String:
		return TranslationOff
	case value.Str == "" || value.Str == "on":
		return ""
	case value.Str == TranslationLocal:
		return TranslationLocal
	}
	return TranslationOff
}

// WithSetting returns the content of a room's TypeSettings with another value of one member; nil takes it out. What else stands there
// is the moderators', also what this version does not know.
func WithSetting(content gjson.Result, member string, value any) ([]byte, error) {
	before := []byte(content.Raw)
	if !content.IsObject() {
		before = []byte("{}")
	}
	if value == nil {
		return sjson.DeleteBytes(before, member)
	}
	return sjson.SetBytes(before, member, value)
}
