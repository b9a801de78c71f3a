package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCore21ViewerOnlyIDsNeverEnterWhereverTheyStand(t *testing.T) {
	w := newWorld()
	w.language = "es"
	w.member(1, bob, "join")
	r := lateRendering(w.message(2, alice, "hello"), 5)
	w.renderings = []*Rendering{r}
	v := w.view()
	viewer := viewerOf(t, v, bob)
	id := v.renderer.SyntheticID(r, bob)
	escaped := strings.Replace(id, "$", `\u0024`, 1)
	for name, c := range map[string][2]string{
		"a relation":              {`{"m.relates_to":{"event_id":"` + id + `"}}`, `{"m.relates_to":{"event_id":"$event2"}}`},
		"an escaped dollar":       {`{"m.relates_to":{"event_id":"` + escaped + `"}}`, `{"m.relates_to":{"event_id":"$event2"}}`},
		"any key of account data": {`{"a":[{"` + id + `":{"b":"` + id + `"}}]}`, `{"a":[{"$event2":{"b":"$event2"}}]}`},
		"a link":                  {`{"body":"see https://matrix.to/#/!r/` + id + `?via=a"}`, `{"body":"see https://matrix.to/#/!r/$event2?via=a"}`},
		"an encoded link":         {`{"body":"#/!r/%24` + id[1:] + `"}`, `{"body":"#/!r/%24event2"}`},
		"a matrix: URI":           {`{"body":"matrix:roomid/r/e/` + id[1:] + `?via=a"}`, `{"body":"matrix:roomid/r/e/event2?via=a"}`},
		"its longer form":         {`{"body":"matrix:roomid/r/event/` + id[1:] + `"}`, `{"body":"matrix:roomid/r/event/event2"}`},
		"escaped slashes":         {`{"body":"matrix:roomid\/r\/e\/` + id[1:] + `"}`, `{"body":"matrix:roomid/r/e/event2"}`},
		"slashes as numbers":      {`{"body":"matrix:r\u002Fr\u002fe\u002F` + id[1:] + `"}`, `{"body":"matrix:r/r/e/event2"}`},
		"an encoded matrix: URI":  {`{"body":"?q=matrix%3Aroomid%2Fr%2fe%2F` + id[1:] + `"}`, `{"body":"?q=matrix%3Aroomid%2Fr%2fe%2Fevent2"}`},
		"another path":            {`{"body":"https://x/e/` + strings.Repeat("a", 43) + `"}`, `{"body":"https://x/e/` + strings.Repeat("a", 43) + `"}`},
		"somebody else's":         {`{"a":"` + v.renderer.SyntheticID(r, alice) + `x"}`, `{"a":"` + v.renderer.SyntheticID(r, alice) + `x"}`},
		"a longer word":           {`{"a":"` + id + `x"}`, `{"a":"` + id + `x"}`},
		"a price":                 {`{"a":"$5"}`, `{"a":"$5"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.FromClient(t.Context(), viewer, json.RawMessage(c[0]))
			require.NoError(t, err)
			require.JSONEq(t, c[1], string(got), fmt.Sprint("from ", c[0]))
		})
	}
}
