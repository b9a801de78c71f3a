package replies

// TypeSettings is the state event by which a room's moderators say how the room is translated, wherever the bot that reads it
// runs.
const TypeSettings = "org.medixchange.room"

// Values of "translation" in the content of TypeSettings.
const (
	// TranslationOff gives no text of the room to any engine.
	TranslationOff = "off"
	// TranslationLocal gives it to engines of this machine only.
	TranslationLocal = "local"
)
