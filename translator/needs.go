package translator

import (
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// Need says what has to be done with a message for readers of one language.
type Need struct {
	From      language.Code // found language of the message; empty if it has no letters
	Translate bool          // it has to be translated
	NotText   bool          // it has nothing to translate: state none, reason not_text
}

// detectBytes is how much of a long message its language is found by.
const detectBytes = 4096

// NeedsTranslation decides quickly whether a message must be translated for a reader: not when it is
// already in the reader's language (no key at all), nor when it has no words. Formatted is the
// message's HTML or empty; sender is what its author reads.
func NeedsTranslation(text, formatted string, sender, reader language.Code) Need {
	body, _ := protect.CutReply(text, formatted)
	from := language.Detect(protect.Words(clip(body)), sender)
	switch {
	case from == "":
		return Need{NotText: true}
	case from == reader || reader == "":
		return Need{From: from}
	}
	return Need{From: from, Translate: true}
}

// clip cuts a long text at a rune.
func clip(text string) string {
	if len(text) <= detectBytes {
		return text
	}
	end := detectBytes
	for end > 0 && text[end]&0xc0 == 0x80 {
		end--
	}
	return text[:end]
}
