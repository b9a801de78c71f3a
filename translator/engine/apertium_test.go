package engine

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// installed gives Apertium with its Debian pairs, and skips where they are missing, except in CI.
func installed(tb testing.TB, pivot language.Code) *Apertium {
	tb.Helper()
	a, err := NewApertium(ApertiumConfig{Pivot: pivot})
	require.NoError(tb, err)
	if !a.Offers("en", "es") {
		if os.Getenv("CI") == "true" {
			tb.Fatal("apertium-eng-spa is not installed")
		}
		tb.Skip("apertium-eng-spa is not installed (scripts/apertium-packages)")
	}
	tb.Cleanup(a.Close)
	return a
}

func say(tb testing.TB, e Engine, from, to language.Code, body, html string) (protect.Restored, Answer) {
	tb.Helper()
	message := protect.Parse(body, html, from)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	answer, err := e.Translate(ctx, Request{From: from, To: to, Segments: message.Segments()})
	require.NoError(tb, err)
	restored, err := message.Restore(answer.Segments, "en")
	require.NoError(tb, err)
	return restored, answer
}

func TestApertiumTranslates(t *testing.T) {
	a := installed(t, "")
	restored, _ := say(t, a, "en", "es", "The patient has fever.", "")
	require.Equal(t, "El paciente tiene fiebre.", restored.Body)
	restored, _ = say(t, a, "en", "es", "Give 500 mg of paracetamol.\nGive it * [now] a/b {x} 900 times", "")
	require.Contains(t, restored.Body, "500 mg de paracetamol.\n")
	require.Contains(t, restored.Body, "* [")
	restored, answer := say(t, a, "en", "es", "", "<p>The <b>left</b> arm of @a:b.example is <code>ok</code> xyzzyq</p>")
	require.Contains(t, restored.FormattedBody, "<code>ok</code>")
	require.Equal(t, []string{"xyzzyq"}, answer.Unknown)
	require.NotContains(t, restored.Body, "*")
}

// TestMarksOfApertiumAreNoText: what it does not know, lacks in a dictionary or cannot inflect.
func TestMarksOfApertiumAreNoText(t *testing.T) {
	for line, want := range map[string]struct {
		text    string
		unknown []string
	}{
		"Ningún dolor de #cofre":    {"Ningún dolor de cofre", []string{"cofre"}},
		"El @chest y *xyzzyq.":      {"El chest y xyzzyq.", []string{"chest", "xyzzyq"}},
		"#Echar# de menos":          {"Echar de menos", []string{"Echar"}},
		`foo\@bar [#]5 [*] C[#] #*`: {"foo@bar #5 * C# ", nil},
	} {
		segment, unknown := newApertiumWire(nil).decode(line)
		require.Equal(t, want.text, segment.Plain(), line)
		require.Equal(t, want.unknown, unknown, line)
	}
	a := installed(t, "")
	restored, answer := say(t, a, "en", "es", "No chest pain", "")
	require.NotContains(t, restored.Body, "#")
	require.NotEmpty(t, answer.Unknown)
	restored, answer = say(t, a, "en", "es", "Bed #5, C# and * of foo@bar now", "")
	require.Contains(t, restored.Body, "#5, C# y * de foo@bar")
	require.NotContains(t, answer.Unknown, "5")
}

func TestApertiumPivotIsMarked(t *testing.T) {
	a := installed(t, "es")
	if !a.Offers("en", "fr") {
		t.Skip("apertium-fr-es is not installed")
	}
	_, answer := say(t, a, "en", "fr", "The patient has fever.", "")
	require.Equal(t, language.Code("es"), answer.Pivot)
	require.False(t, installed(t, "").Offers("en", "fr"), "no pivot unless the config allows it")
}

// TestPipeRestarts: a pipe that hangs is killed at the deadline, one that died starts again.
func TestPipeRestarts(t *testing.T) {
	dir := t.TempDir()
	script := `while IFS= read -r line; do case "$line" in hang*) sleep 60;; die*) exit 1;; *) printf '%s[][\n]\000' "$line";; esac; read -r rest; done`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "eng-spa.mode"), []byte(script), 0o600))
	a, err := NewApertium(ApertiumConfig{ModesDir: dir})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	ask := func(text string, limit time.Duration) (Answer, error) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return a.Translate(ctx, Request{From: "en", To: "es", Segments: []protect.Segment{{{Text: text}}}})
	}
	_, err = ask("hang", 100*time.Millisecond)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = ask("die", 5*time.Second)
	require.Error(t, err)
	_, err = ask("well", 5*time.Second)
	require.NoError(t, err)
	a.pipes[pair{"en", "es"}].process.kill()
	_, err = ask("well", 5*time.Second)
	require.NoError(t, err, "a pipe that died between requests costs none")
	_, err = ask("die", 5*time.Second)
	require.Error(t, err, "one try anew and no more")
}

// TestACheckOfApertium tells how its pipes are, and leaves none running that did not run before.
func TestACheckOfApertium(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		fault  string
	}{
		"good": {"cat", ""}, "dead": {"exit 1", "apertium en to es: reading from the pipe"}, "hanging": {"sleep 60", "apertium en to es: "},
		"too much": {`sed -zu 's/.*/&\x00&/'`, "apertium en to es: the pipe answers more than it was asked"},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "eng-spa.mode"), []byte(test.script), 0o600))
		a, err := NewApertium(ApertiumConfig{ModesDir: dir})
		require.NoError(t, err)
		t.Cleanup(a.Close)
		g := NewGuard(a, Limits{})
		limit := 20 * time.Second
		if name == "hanging" {
			limit = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err = g.Check(ctx)
		cancel()
		require.Nil(t, a.pipes[pair{"en", "es"}].process, name)
		if test.fault == "" {
			require.NoError(t, err)
			require.Equal(t, StateOK, g.Health().State)
			continue
		}
		require.ErrorContains(t, err, test.fault, name)
		require.Equal(t, StateFailing, g.Health().State)
	}
	none, err := NewApertium(ApertiumConfig{ModesDir: t.TempDir()})
	require.NoError(t, err)
	require.ErrorContains(t, none.Check(t.Context()), "no language pair is installed")

	a := installed(t, "")
	require.NoError(t, a.Check(t.Context()))
	_, _ = say(t, a, "en", "es", "Good morning.", "")
	running := a.pipes[pair{"en", "es"}].process
	require.NoError(t, a.Check(t.Context()))
	require.Same(t, running, a.pipes[pair{"en", "es"}].process)
	running.kill()
	require.NoError(t, a.Check(t.Context()), "it starts anew")
	require.NotNil(t, a.pipes[pair{"en", "es"}].process)
}

// TestApertiumComesBack: after a missed deadline and after a death the next messages are translated, and
// never with what an earlier one was owed.
func TestApertiumComesBack(t *testing.T) {
	a := installed(t, "")
	segments := protect.Parse("The patient has fever.", "", "en").Segments()
	_, first := say(t, a, "en", "es", "Good morning.", "")
	require.NotEmpty(t, first.Segments)

	late, cancel := context.WithTimeout(context.Background(), time.Microsecond)
	defer cancel()
	_, err := a.Translate(late, Request{From: "en", To: "es", Segments: segments})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	restored, _ := say(t, a, "en", "es", "The patient has fever.", "")
	require.Equal(t, "El paciente tiene fiebre.", restored.Body)

	a.pipes[pair{"en", "es"}].process.kill()
	restored, _ = say(t, a, "en", "es", "Good morning.", "")
	require.NotEmpty(t, restored.Body, "the request that finds the pipe dead has a new one")
	restored, _ = say(t, a, "en", "es", "The patient has fever.", "")
	require.Equal(t, "El paciente tiene fiebre.", restored.Body)
}

func FuzzStream(f *testing.F) {
	f.Add("a*b [c] \\ 900001 <x>", 3)
	f.Fuzz(func(t *testing.T, text string, id int) {
		id = max(1, min(id, maxApertiumParts))
		source := protect.Segment{{Kind: protect.Open, ID: id}, {Kind: protect.Text, Text: text}, {Kind: protect.Atom, ID: id}, {Kind: protect.Close, ID: id}}
		wire := newApertiumWire([]protect.Segment{source})
		segment, _ := wire.decode(wire.encode([]protect.Segment{source})[0])
		atoms := 0
		for _, piece := range segment {
			if piece.Kind == protect.Atom && piece.ID == id {
				atoms++
			}
		}
		if atoms > 1 {
			t.Fatalf("part doubled by %q", text)
		}
	})
}

func BenchmarkApertium(b *testing.B) {
	a := installed(b, "")
	say(b, a, "en", "es", "The patient has fever.", "")
	for b.Loop() {
		say(b, a, "en", "es", "The patient has high fever since yesterday and needs oxygen.", "")
	}
}
