package compose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// Readers were told that the sender is asked to rephrase. Nobody asks a sender at another hospital, nor one of what was said long ago: who
// relies on it waits in vain.
func TestReadersOfWhatIsBlockedAreSentToTheSender(t *testing.T) {
	for reader, want := range map[language.Code]string{
		"en": "⛔ Not translated, because the translation may be wrong. Side. If the original is not clear to you, ask the sender.",
		"es": "⛔ Sin traducir, porque la traducción puede ser incorrecta. Lado. Si el original no le queda claro, pregunte al remitente.",
		"zh": "⛔ 未翻译，因为译文可能有误。左右侧。如果看不懂原文，请询问发送者。",
	} {
		m := Message{State: StateNone, From: "de", To: reader, Verdict: check.Block, Reasons: []check.Reason{{Code: "side"}}, Original: Original{Body: "Links."}}
		require.Equal(t, "Links.\n"+want, Compose(m).Body)
	}
}
