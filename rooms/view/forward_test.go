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
		"a poll in a thread": {
			`{"m.poll":{"a":"sí"},"m.mentions":{},"m.relates_to":{"rel_type":"m.thread","event_id":"$a"},"org.medixchange.translation":{"state":"translated",` +
				`"from":"zh","to":"es","original":{"content":{"m.poll":{"a":"是"},"m.mentions":{"user_ids":["@a:a"]}}}}}`,
			`{"m.poll":{"a":"是"},"m.mentions":{},"m.relates_to":{"rel_type":"m.thread","event_id":"$a"},"org.medixchange.forwarded":{"from":"zh","to":"es"}}`,
		},
		"a poll that was not translated": {
			`{"m.poll":{"a":"是\n🌐 no traducido"},"org.medixchange.translation":{"state":"none","from":"zh","to":"es",` +
				`"original":{"body":"是","content":{"m.poll":{"a":"是"},"m.mentions":{"user_ids":["@a:a"]}}}}}`,
			`{"m.poll":{"a":"是"}}`,
		},
		"a message that was not translated": {
			`{"msgtype":"m.text","body":"今天？\n🌐 no traducido","format":"org.matrix.custom.html","formatted_body":"<p>今天？</p><p>🌐 no traducido</p>",` +
				`"org.medixchange.translation":{"state":"none","from":"zh","to":"es","reasons":["busy"],"original":{"body":"今天？","formatted_body":"<b>今天？</b>"}}}`,
			`{"msgtype":"m.text","body":"今天？","format":"org.matrix.custom.html","formatted_body":"<b>今天？</b>"}`,
		},
		"a refused one": {
			`{"msgtype":"m.text","body":"5 mg\n⛔ No traducido","org.medixchange.translation":{"state":"none","verdict":"block","original":{"body":"5 mg"}}}`,
			`{"msgtype":"m.text","body":"5 mg"}`,
		},
		"a pending one": {
			`{"msgtype":"m.text","body":"5 mg","org.medixchange.translation":{"state":"pending","original":{"body":"5 mg"}}}`,
			`{"msgtype":"m.text","body":"5 mg"}`,
		},
		"other words under an old key": {
			`{"msgtype":"m.text","body":"0.5 mg now","org.medixchange.translation":{"state":"none","original":{"body":"5 mg"}}}`,
			`{"msgtype":"m.text","body":"0.5 mg now"}`,
		},
		"what was written down in its own language": {
			`{"msgtype":"m.audio","body":"5 mg","filename":"a.ogg","org.medixchange.translation":{"state":"translated","from":"en","to":"en",` +
				`"original":{"body":"5 mg","content":{"msgtype":"m.audio","body":"a.ogg"}}}}`,
			`{"msgtype":"m.audio","body":"a.ogg"}`,
		},
		"an answer under which its reader was told something": {
			`{"msgtype":"m.text","body":"Yes.\n🌐 read as «<No>»","format":"org.matrix.custom.html","formatted_body":"<b>Yes.</b><p>🌐 read as «&lt;No&gt;»</p>",` +
				`"org.medixchange.read_as":{"text":"<No>","told":"🌐 read as «<No>»"}}`,
			`{"msgtype":"m.text","body":"Yes.","format":"org.matrix.custom.html","formatted_body":"<b>Yes.</b>"}`,
		},
		"such an answer that has a translation, too": {
			`{"msgtype":"m.text","body":"Sí.\n🌐 del inglés\n🌐 leído","org.medixchange.read_as":{"told":"🌐 leído"},` +
				`"org.medixchange.translation":{"state":"translated","from":"en","to":"es","original":{"body":"Yes."}}}`,
			`{"msgtype":"m.text","body":"Yes.","org.medixchange.forwarded":{"from":"en","to":"es"}}`,
		},
		"other words under such a key": {
			`{"msgtype":"m.text","body":"🌐 read it so, too","org.medixchange.read_as":{"told":"🌐 read it"}}`,
			`{"msgtype":"m.text","body":"🌐 read it so, too"}`,
		},
	} {
		stored, err := v.FromClient(t.Context(), Viewer{UserID: "@bo:a"}, json.RawMessage(c.sent))
		require.NoError(t, err, what)
		require.JSONEq(t, c.stored, string(stored), what)
	}
}
