package protect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"medixchange/translator/language"
)

// upper is an engine that only writes capitals.
func upper(segments []Segment) []Segment {
	out := make([]Segment, len(segments))
	for i, segment := range segments {
		for _, piece := range segment {
			if piece.Kind == Text {
				piece.Text = strings.ToUpper(piece.Text)
			}
			out[i] = append(out[i], piece)
		}
	}
	return out
}

func TestWhatIsProtected(t *testing.T) {
	for name, test := range map[string]struct {
		body, html       string
		wantBody, wantIn string
	}{
		"plain":               {body: "the patient is well", wantBody: "THE PATIENT IS WELL"},
		"dose and drug":       {body: "give 0.5 mg adrenaline now", wantBody: "GIVE 0.5 mg adrenaline NOW"},
		"concentration":       {body: "give 250 mg per 5 mL, 5 mg per mL", wantBody: "GIVE 250 mg/5 mL, 5 mg/mL"},
		"range":               {body: "give 5–10 mg slowly", wantBody: "GIVE 5–10 mg SLOWLY"},
		"pressure":            {body: "pressure 120/80 is fine", wantBody: "PRESSURE 120/80 IS FINE"},
		"words of time":       {body: "for 5 days", wantBody: "FOR 5 DAYS"},
		"link and user":       {body: "see https://a.example/b?c=d, ask @nurse:b.example.", wantBody: "SEE https://a.example/b?c=d, ASK @nurse:b.example."},
		"emoji":               {body: "well done 👩‍⚕️👍🏽 thanks", wantBody: "WELL DONE 👩‍⚕️👍🏽 THANKS"},
		"code in backticks":   {body: "run `ls -l` there", wantBody: "RUN `ls -l` THERE"},
		"fence":               {body: "see:\n```\ngo run\n```\ndone", wantBody: "SEE:\n```\ngo run\n```\nDONE"},
		"lines":               {body: "one line\n\nother line", wantBody: "ONE LINE\n\nOTHER LINE"},
		"own mark":            {body: "hello there\n🌐 from French", wantBody: "HELLO THERE\n🌐 from French"},
		"isolates":            {body: "a \u2066b\u2069 c", wantBody: "A B C"},
		"chinese dose":        {body: "给予500毫克扑热息痛", wantBody: "给予500 mg paracetamol"},
		"bold":                {html: "give <b>two</b> tablets", wantBody: "GIVE TWO TABLETS", wantIn: "GIVE <b>TWO</b> TABLETS"},
		"nested":              {html: "<p>a <em>b <strong>c</strong></em></p>", wantBody: "A B C", wantIn: "<p>A <em>B <strong>C</strong></em></p>"},
		"pill":                {html: `<a href="https://matrix.to/#/@a:b.c">Doctor A</a>: come`, wantBody: "Doctor A: COME", wantIn: `>Doctor A</a>: COME`},
		"link with words":     {html: `see <a href="https://x.example/">the page</a>`, wantBody: "SEE THE PAGE", wantIn: `<a href="https://x.example/">THE PAGE</a>`},
		"bare link":           {html: `<a href="https://x.example/y">https://x.example/y</a> is it`, wantBody: "https://x.example/y IS IT"},
		"inline code":         {html: "run <code>rm a</code> now", wantBody: "RUN rm a NOW", wantIn: "<code>rm a</code>"},
		"code block":          {html: "<p>see</p><pre><code class=\"language-go\">if a {\n}</code></pre>", wantBody: "SEE\nif a {\n}", wantIn: `<pre><code class="language-go">if a {` + "\n}</code></pre>"},
		"spoiler":             {html: `it is <span data-mx-spoiler="end">he dies</span> ok`, wantBody: "IT IS [hidden text end] OK", wantIn: `<span data-mx-spoiler="end">he dies</span>`},
		"list":                {html: "<ul><li>one</li><li>two</li></ul>", wantBody: "• ONE\n• TWO", wantIn: "<ul><li>ONE</li><li>TWO</li></ul>"},
		"numbered":            {html: "<ol start=\"3\"><li>one</li><li>two</li></ol>", wantBody: "3. ONE\n4. TWO"},
		"break inside bold":   {html: "<b>one<br>two</b>", wantBody: "ONE\nTWO", wantIn: "<b>ONE</b><br/><b>TWO</b>"},
		"script is dropped":   {html: "ok<script>alert(1)</script> <img src=\"https://evil/x.png\"> fine", wantBody: "OK  FINE"},
		"escaped angle":       {html: "a &lt;b&gt; c", wantBody: "A <B> C", wantIn: "A &lt;B&gt; C"},
		"reply fallback":      {body: "> <@a:b> hello\n> more\n\nthe answer", html: "<mx-reply><blockquote>hello</blockquote></mx-reply>the answer", wantBody: "THE ANSWER", wantIn: "THE ANSWER"},
		"reply fallback text": {body: "> <@a:b> hello\n\nthe answer", wantBody: "THE ANSWER"},
		"quote":               {html: "<blockquote>what?</blockquote><p>no</p>", wantBody: "> WHAT?\nNO"},
	} {
		t.Run(name, func(t *testing.T) {
			message := Parse(test.body, test.html, "en")
			restored, err := message.Restore(upper(message.Segments()), "en")
			require.NoError(t, err)
			require.Equal(t, test.wantBody, restored.Body)
			if test.html == "" {
				require.Empty(t, restored.FormattedBody)
			}
			require.Contains(t, restored.FormattedBody, test.wantIn)
		})
	}
}

// Chinese puts no spaces between words: what stood behind an address became part of the link.
func TestAnAddressEndsWhereTheTranslationGoesOn(t *testing.T) {
	for text, want := range map[string]string{
		"see https://a.example/b for more": "请看 https://a.example/b 了解", "ask @nurse:b.example for more": "请看 @nurse:b.example 了解",
		"give 5 mg for more": "请看 5 mg了解", "run `ls` for more": "请看 `ls`了解",
	} {
		require.Equal(t, want, around(t, text, "请看 ", "了解", "zh"))
	}
}

func TestAnAddressEndsBeforeTheMarksOfOtherScripts(t *testing.T) {
	const text = "see https://a.example/b, then call"
	require.Equal(t, "请看 https://a.example/b ，然后", around(t, text, "请看 ", "，然后", "zh"))
	require.Equal(t, "راجع https://a.example/b ، ثم", around(t, text, "راجع ", "، ثم", "ar"))
	require.Equal(t, "vea https://a.example/b, luego", around(t, text, "vea ", ", luego", "es"))
	require.Equal(t, "给 5 mg，然后", around(t, "give 5 mg, then", "给 ", "，然后", "zh"))
}

// around restores a text of which only a protected part in the middle stays.
func around(t *testing.T, text, before, behind string, to language.Code) string {
	message := Parse(text, "", "en")
	segments := message.Segments()
	require.Len(t, segments[0], 3, text)
	segments[0][0].Text, segments[0][2].Text = before, behind
	restored, err := message.Restore(segments, to)
	require.NoError(t, err)
	return restored.Body
}

// TestQuantitiesAreOnePart: what an engine could tear apart is protected as a whole.
func TestQuantitiesAreOnePart(t *testing.T) {
	for text, want := range map[string][]string{
		"give 1 000 mL, then 12\u202f500 IU": {"1 000 mL", "12\u202f500 IU"},
		"给予1 000毫升":                          {"1 000毫升"},
		"bed 4 500 mL":                       {"500 mL"},
		"take 250 mg/5 mL now":               {"250 mg/5 mL"},
		"take 40 mg / 2 mL now":              {"40 mg / 2 mL"},
		"take 100-200 mg per 5 mL now":       {"100-200 mg per 5 mL"},
		"take 5 mg per mL at 5 mL per hour":  {"5 mg per mL", "5 mL"},
		"使用100毫克/5毫升":                        {"100毫克/5毫升"},
		"take 100 mg and 5 mL now":           {"100 mg", "5 mL"},
	} {
		var parts []string
		for _, piece := range Parse(text, "", "en").Segments()[0] {
			if piece.Kind == Atom {
				parts = append(parts, piece.Text)
			}
		}
		require.Equal(t, want, parts, text)
	}
}

// TestTwoAmountsStayTwo: a word that joins an amount to what holds it in one sentence replaces it by another amount, or names a way, in the next.
func TestTwoAmountsStayTwo(t *testing.T) {
	for _, c := range []struct {
		from language.Code
		text string
	}{
		{"es", "Sustituir 40 mg por 60 mg cada 12 horas"}, {"pt", "Trocar 20 mg por 40 mg"}, {"fr", "Remplacer 20 mg par 40 mg"},
		{"ru", "Снизить с 20 mg на 10 mg"}, {"de", "1000 mg je 500 mg morgens"}, {"sr", "Дати 1 g по 500 mg"}, {"fa", "5 mL هر 10 mL"},
		{"en", "Give 500 mg per NG tube"}, {"en", "Give 20 mL per NG"}, {"en", "Give 250 mg per G-tube"}, {"en", "Give 250 mg per L-tube"},
		{"en", "Ward (+44 20 7946 0018) 14:00"}, {"en", "Call +1 555 010 9999 14:30"}, {"en", "Ring +44 20 7946 0018 2 hours before"},
	} {
		message := Parse(c.text, "", c.from)
		for _, segment := range message.Segments() {
			for _, piece := range segment {
				if piece.Kind == Atom {
					require.NotRegexp(t, `[0-9].* (por|par|на|je|по|هر|per) |\) 1|9999 14|0018 2`, piece.Text, c.text)
				}
			}
		}
		restored, err := message.Restore(message.Segments(), c.from)
		require.NoError(t, err)
		require.Equal(t, c.text, restored.Body)
	}
}

func TestDamageIsFound(t *testing.T) {
	source := Parse("", "give <b>500 mg</b> of <i>ibuprofen</i> now", "en")
	good := source.Segments()[0]
	damage := map[string]func(Segment) Segment{
		"part lost":        func(s Segment) Segment { return append(append(Segment{}, s[:2]...), s[3:]...) },
		"part doubled":     func(s Segment) Segment { return append(append(Segment{}, s...), s[2]) },
		"closed too early": func(s Segment) Segment { s[1], s[3] = s[3], s[1]; return s },
		"left open":        func(s Segment) Segment { return append(append(Segment{}, s[:3]...), s[4:]...) },
		"unknown part":     func(s Segment) Segment { return append(s, Piece{Kind: Atom, ID: 99}) },
		"crossed": func(s Segment) Segment {
			return Segment{s[1], s[5], s[2], s[6], s[3], s[7]}
		},
	}
	for name, break_ := range damage {
		t.Run(name, func(t *testing.T) {
			_, err := source.Restore([]Segment{break_(append(Segment{}, good...))}, "en")
			require.ErrorIs(t, err, ErrDamaged)
		})
	}
	_, err := source.Restore(nil, "en")
	require.ErrorIs(t, err, ErrDamaged)
	moved := append(append(Segment{}, good[5:8]...), append(Segment{{Text: " und "}}, good[1:4]...)...)
	restored, err := source.Restore([]Segment{moved}, "en")
	require.NoError(t, err, "an engine may reorder parts")
	require.Equal(t, "<i>ibuprofen</i> und <b>500 mg</b>", restored.FormattedBody)
}

func TestEngineMarkupIsEscaped(t *testing.T) {
	source := Parse("", "hello <b>there</b>", "en")
	evil := append(Segment{}, source.Segments()[0]...)
	evil[0].Text = `<img src=x onerror=alert(1)>`
	restored, err := source.Restore([]Segment{evil}, "en")
	require.NoError(t, err)
	require.NotContains(t, restored.FormattedBody, "<img")
}

func TestDeepMarkupFallsBackToBody(t *testing.T) {
	deep := strings.Repeat("<b><i>", 80) + "x" + strings.Repeat("</i></b>", 80)
	message := Parse("the body", deep, "en")
	restored, err := message.Restore(upper(message.Segments()), "en")
	require.NoError(t, err)
	require.Equal(t, "THE BODY", restored.Body)
	require.Empty(t, restored.FormattedBody)
}

// FuzzRoundTrip takes any message apart and puts it together again unchanged: nothing may be lost,
// nothing forbidden may come out.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"a <b>b</b>", "<p>5 mg<br><i>x</p>", "<mx-reply>x</mx-reply>y", "<a href='javascript:x'>q</a>", "<ul><li><pre>", "&lt;script&gt;", "<b><p>x</b></p>", "<table><tr>x"} {
		f.Add("5 mg paracetamol "+seed, seed)
	}
	f.Fuzz(func(t *testing.T, body, formatted string) {
		message := Parse(body, formatted, language.Code("en"))
		restored, err := message.Restore(message.Segments(), "en")
		if err != nil {
			t.Fatalf("unchanged segments do not restore: %v", err)
		}
		if again := Sanitize(restored.FormattedBody); again != restored.FormattedBody {
			if twice := Sanitize(again); twice != again {
				t.Fatalf("sanitising does not settle: %q, %q", again, twice)
			}
		}
		tokens := html.NewTokenizer(strings.NewReader(restored.FormattedBody))
		for tokens.Next() != html.ErrorToken {
			token := tokens.Token()
			if token.Data == "script" && token.Type != html.TextToken {
				t.Fatalf("script in %q", restored.FormattedBody)
			}
			for _, attr := range token.Attr {
				if strings.HasPrefix(attr.Key, "on") || strings.HasPrefix(strings.ToLower(attr.Val), "javascript:") {
					t.Fatalf("attribute %v in %q", attr, restored.FormattedBody)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		message := Parse("", "<p>Give <b>500 mg</b> of paracetamol every 8 hours to the <i>left</i> arm.</p><ul><li>see https://a.example/</li></ul>", "en")
		if _, err := message.Restore(message.Segments(), "en"); err != nil {
			b.Fatal(err)
		}
	}
}
