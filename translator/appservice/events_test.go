package appservice

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestARedactionWithoutPowerTakesNothingBack: whatever the homeserver passes on.
func TestARedactionWithoutPowerTakesNothingBack(t *testing.T) {
	w := newReaderBeside(t)
	message := w.said("@ana:b.example", "give 5 mg")
	w.push("2", message)
	spanish := w.hs.waitSaid("es give 5 mg").Get("event_id").Str
	redaction := func(sender string) object {
		return w.event(sender, "m.room.redaction", object{"redacts": message["event_id"]})
	}
	w.push("3", redaction("@mallory:evil.example"), w.said("@ana:b.example", "after it"))
	w.hs.waitSaid("es after it")
	w.hs.set(func() { require.NotContains(t, w.hs.done, "redact "+spanish) })
	w.push("4", redaction("@bo:b.example"))
	w.hs.waitFor("redact " + spanish)
}
