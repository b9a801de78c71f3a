package translator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/engine"
)

// pipeStub is Apertium with one pair, whose programs are a small dictionary and what spoils its answers. Texts end with a
// blank and a NUL byte; protected parts are the numbers from 900001 on.
func pipeStub(t testing.TB, spoil string) engine.Engine {
	t.Helper()
	var words strings.Builder
	for i := 0; i < len(stubPairs); i += 2 {
		words.WriteString("s/" + stubPairs[i] + "/" + stubPairs[i+1] + "/g;")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "eng-spa.mode"), []byte("sed -zu '"+words.String()+"' | "+spoil), 0o600))
	e, err := engine.NewApertium(engine.ApertiumConfig{ModesDir: dir})
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// instead spoils a pipe's answer by an edit; whole replaces all of its text, append puts something behind it.
func instead(edit string) string { return "sed -zu '" + edit + "'" }

func whole(text string) string { return instead(`s/^.*\(\[\]\[\n\]\)$/` + text + `\1/`) }

func appended(text string) string { return instead(`s/\(\[\]\[\n\]\)$/` + text + `\1/`) }

// pipeContract is what of the contract can happen to a pipe.
var pipeContract = []contractCase{
	{name: "slow", pipe: "{ sleep 0.05; cat; }", want: clean, body: "El paciente tiene fiebre"},
	{name: "hanging", pipe: "sleep 600", want: next, reason: ReasonTimeout},
	{name: "dying", pipe: "kill -KILL 0", want: next, reason: ReasonEngineError},
	{name: "half an answer", pipe: "{ head -c 11; kill -KILL 0; }", want: next, reason: ReasonEngineError},
	{name: "half an answer, and then nothing", pipe: "{ head -c 11; sleep 600; }", want: next, reason: ReasonTimeout},
	{name: "too few texts", pipe: "{ head -z -n 1; sleep 600; }", text: "The patient has fever\nthe patient has pain", want: next, reason: ReasonTimeout},
	{name: "too many texts", pipe: instead(`s/.*/&\x00&/`), want: next, reason: ReasonEngineError},
	{name: "without end", pipe: "yes fiebre", want: next, reason: ReasonEngineError},

	{name: "echo", text: "The patient has fever and pain", pipe: whole("The patient has fever and pain"), want: block, reason: "echo"},
	{name: "numbers dropped", text: dose, pipe: instead("s/900001//"), want: block, reason: "placeholder"},
	{name: "numbers swapped", text: "Give 5 mg of morphine and 500 mg of paracetamol now", pipe: instead("s/900001/x/;s/900003/900001/;s/x/900003/"), want: warn, reason: "dose"},
	{name: "a bare number dropped", text: "The patient has pain 8 hours and fever 3 hours", pipe: instead("s/8 //"), want: warn, reason: "number"},
	{name: "the frequency changed", text: dose, pipe: instead("s/8 horas/6 horas/"), want: block, reason: "frequency"},
	{name: "placeholders eaten", text: dose, pipe: instead("s/90000[0-9]//g"), want: block, reason: "placeholder"},
	{name: "all said twice", text: dose, pipe: instead(`s/^\(.*\)\(\[\]\[\n\]\)$/\1\1\2/`), want: block, reason: "placeholder"},
	{name: "the negation dropped", text: "The patient has no fever now", pipe: instead("s/no tiene/tiene/"), want: warn, reason: "negation"},
	{name: "the side turned", text: "The patient has pain in the left arm", pipe: instead("s/el brazo izquierdo/el lado derecho/"), want: block, reason: "side"},
	{name: "another script", text: "The patient has fever and pain", pipe: whole("患者发热并且疼痛"), want: block, reason: "script"},
	{name: "another language", text: "The patient has fever and the patient has pain now, please call the doctor", want: warn, reason: "language",
		pipe: whole("Der Patient hat Fieber und Schmerzen, bitte rufen Sie jetzt sofort den diensthabenden Arzt an")},
	{name: "words unknown", text: "The patient has fever now", pipe: whole("El @patient tiene #fiebre *now"), want: block, reason: "unknown"},
	{name: "stuck", pipe: whole(strings.Repeat("fiebre ", 30)), want: block, reason: "repetition"},
	{name: "nothing", pipe: whole(""), want: block, reason: "length"},
	{name: "injected HTML", text: "x", html: "Give <b>0.5 mg</b> now, the patient has fever", want: clean, never: "<img", pipe: appended(`<img src="https:\/\/evil\/" onerror="x()">`)},
	{name: "an injected script", text: "x", html: "Give <b>0.5 mg</b> now, the patient has fever", want: clean, never: "<script", pipe: appended(`<script>evil()<\/script>`)},
	{name: "HTML in plain text", want: clean, body: "El paciente tiene fiebre<br>", pipe: appended("<br>")},
}
