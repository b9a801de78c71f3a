package bridge

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

var update = flag.Bool("update", false, "write the golden files")

// TestRule10TheFormOfAContent keeps what a client gets, in place and late, for text, HTML, a reply and an edit.
func TestRule10TheFormOfAContent(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	plain := w.say(room, alice, question)
	reply := w.send(room, alice, object{
		"msgtype": "m.text", "body": "> <@bob:hospital.example> hola\n\n" + stable, "format": htmlFormat,
		"formatted_body": "<mx-reply><blockquote>hola</blockquote></mx-reply><b>" + stable + "</b>",
		"m.relates_to":   object{"m.in_reply_to": object{"event_id": plain}}, "m.mentions": object{"user_ids": []string{bob}},
	})
	edit := w.send(room, alice, editOf(plain, better))
	noEngine := w.say(room, bob, "Hoy no hay nadie en la sala de espera.")
	w.reads(carla, "ja")
	japanese := w.say(room, alice, goodNews)
	for _, c := range []struct{ name, id, code string }{
		{"plain", plain, "es"}, {"reply", reply, "es"}, {"edit", edit, "es"}, {"failed", noEngine, "en"}, {"offerless", japanese, "ja"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.rendered(c.id, c.code)
			got, err := json.MarshalIndent(object{
				"state": r.State, "verdict": r.Verdict, "content": decoded(r.Content), "late": decoded(r.LateContent),
			}, "", "  ")
			require.NoError(t, err)
			path := filepath.Join("testdata", c.name+".json")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(got), plain, "$PLAIN")+"\n"), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "go test -update writes it")
			require.JSONEq(t, withIDs(string(want), plain), string(got))
		})
	}
}

func decoded(content json.RawMessage) any { return gjson.ParseBytes(content).Value() }

// withIDs puts this run's event id where the golden file has a name for it.
func withIDs(golden, plain string) string { return strings.ReplaceAll(golden, "$PLAIN", plain) }
