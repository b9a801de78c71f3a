package view

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Clients that forward a poll, or set a topic from what they were given, copy the whole content with the key.
func TestWhatWasCopiedWithItsKeyIsTheOriginal(t *testing.T) {
	w := newWorld()
	v := w.view()
	for what, c := range map[string]struct{ sent, stored string }{
		"a poll": {
			`{"m.poll":{"question":{"m.text":[{"body":"¿Hoy?"}]}},"org.medixchange.translation":{"state":"translated","from":"zh","to":"es",` +
				`"original":{"body":"今天？","content":{"m.poll":{"question":{"m.text":[{"body":"今天？"}]}}}}}}`,
			`{"m.poll":{"question":{"m.text":[{"body":"今天？"}]}},"org.medixchange.forwarded":{"from":"zh","to":"es"}}`,
		},
		"a forged key in the copy": {
			`{"topic":"x","org.medixchange.translation":{"state":"translated","from":"zh","to":"es",` +
				`"original":{"content":{"topic":"y","org.medixchange.translation":{"verdict":"pass"}}}}}`,
			`{"topic":"y","org.medixchange.forwarded":{"from":"zh","to":"es"}}`,
		},
		"one that was not translated": {
			`{"topic":"x","org.medixchange.translation":{"state":"pending","original":{"content":{"topic":"y"}}}}`, `{"topic":"x"}`,
		},
	} {
		stored, err := v.FromClient(Viewer{UserID: "@bo:a"}, json.RawMessage(c.sent))
		require.NoError(t, err, what)
		require.JSONEq(t, c.stored, string(stored), what)
	}
}
