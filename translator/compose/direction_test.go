package compose

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// shownDirections writes what keeps directions as letters that can be read: ‹ begins an isolate from left to right, « one from right
// to left, { one of its first letter, } ends any, and ! is the mark.
var shownDirections = strings.NewReplacer("\u2066", "‹", "\u2067", "«", "\u2068", "{", "\u2069", "}", "\u200f", "!")

// An answer's author reads from left to right what its sender had read in Arabic: without isolates "morphine" and "mg" change
// places around the dose.
func TestRule17ADoseIsWholeInAnArabicTextThatIsCited(t *testing.T) {
	for _, c := range []struct {
		of, reader language.Code
		want       string
	}{
		{"ar", "en", "«أعط morphine بجرعة ‹0.5 mg} الآن.}\n«شكرا}"},
		{"ar", "fa", "«أعط morphine بجرعة ‹0.5 mg} الآن.}\n«شكرا}"},
		{"es", "ar", "‹أعط morphine بجرعة 0.5 mg الآن.}\n‹شكرا}"},
		{"es", "en", "أعط morphine بجرعة 0.5 mg الآن.\nشكرا"},
	} {
		require.Equal(t, c.want, shownDirections.Replace(Cited(c.of, c.reader, "أعط morphine بجرعة 0.5 mg الآن.\nشكرا")), "%s to %s", c.of, c.reader)
	}
}

func TestRule11RightToLeft(t *testing.T) {
	m := translated()
	m.To, m.Body = "ar", "المريض بخير"
	m.Invariants = []check.Invariant{{Kind: check.KindDose, Text: "500 mg"}}
	content := Compose(m)
	require.True(t, strings.HasPrefix(content.Body, "\u200f"))
	require.True(t, strings.HasPrefix(content.FormattedBody, "<p>\u200f"))
	require.True(t, strings.HasSuffix(content.Body, "\n\u2066\u2067🌐 من الفرنسية\u2069\u2069"), content.Body)
	require.Contains(t, content.FormattedBody, "<summary>\u2066\u2067🌐 الأصل (الفرنسية)\u2069\u2069</summary>")
	require.Contains(t, content.Body, "\u2068500\u00a0mg\u2069", "number and unit in one isolate")
	for _, whole := range []string{
		"1 000 mg", "1\u00a0000 mg", "1\u202f000 mg", "100 000 IU", "1'000 mg", "1’000 mg", "1 000", "1 000,5 mg", "1,000.5 mg", "-5 °C", "−5 °C", "+5 mg",
		"-1.2", "±2 mmol/L", "≥5 mg", "> 5 mg", "<=0.5 mg", "5×10^9/L", "4.5 x 10^12/L", "10^9/L", "10⁹/L", "5-10 mg", "0.5–1 mg", "2 - 3", "120/80", "120/80 mmHg",
		"2 x 5 mg", "1/2 mg", "1:1000", "12:30", "5 mg/kg/day", "5 mg/m²", "75 mg/m²/day", "10 cmH2O", "37,5ºC", "14/min", "-5 - -3 °C", "5 ± 2 mmol/L",
		"4 g/0.5 g", "250 mg/5 mL", "125mg/5mL", "875 mg/125 mg", "1 g/100 mL", "10 mg/2 mL", "5 mg/2 h", "300 mg/24 h", "5 mg/24h", "5 mg/m2/day", "1 000 mg/5 mL",
		"90 mL/min/1.73 m²", "5 mg-10 mg", "5 mg - 10 mg", "5 mg / 5 mL", "50 mg/ 5 mL", "-5 °C - -3 °C", "800 mg + 160 mg", "2 x 5 mg/kg", "5 micrograms", "5 micrograms/hour",
		"5 tablets", "2 capsules", "5 Milligrams", "1 gram/100 mL", "60 mg/0.6 mL", "1:1000",
		"+1 555 010 9999", "+1\u00a0555\u00a0010\u00a09999", "+49 171 234567", "+1-555-010-9999", "+1 (555) 010-9999", "+44 (0)20 7946 0018", "+1 500 000 IU", "+1 500 mL",
		"+33 1 40 20 50 50", "+33 6 12 34 56 78", "+971 4 123 4567", "+961 1 350 000", "+81 3 1234 5678", "+82 2 1234 5678", "(+44) 20 7946 0018", "+49 30 1234567/12", "+43 1 40400-0",
	} {
		m.Body = "أعط " + whole + " الآن"
		require.Contains(t, Compose(m).Body, "أعط \u2066"+whole+"\u2069 الآن\u2069\u200f\n")
		m.FormattedBody = "<p>أعط " + html.EscapeString(whole) + " الآن</p>"
		require.Contains(t, Compose(m).FormattedBody, "أعط \u2066"+html.EscapeString(whole)+"\u2069 الآن\u2069\u200f</p>")
		m.FormattedBody = ""
	}
	for _, none := range []string{"COVID-19", "- 5", "B12", "12", "5 metoprolol", "12 و 300"} {
		m.Body = "أعط " + none + " الآن"
		require.Contains(t, Compose(m).Body, m.Body, "it is no quantity")
	}

	m = translated()
	m.From, m.Original.Body = "ar", "المريض بخير"
	require.Contains(t, Compose(m).FormattedBody, "<p>\u200f\u2067المريض بخير\u2069\u200f</p></details>")
	m.Verdict = check.Warn
	require.Contains(t, Compose(m).Body, "\n\u200f\u2067المريض بخير\u2069\u200f\n")
}

func TestTheMarkUnderRightToLeftTextIsInALeftToRightIsolateInEveryForm(t *testing.T) {
	for to, mark := range map[language.Code]string{
		"ar": "🌐 من الفرنسية عبر الإنجليزية", "fa": "🌐 زبان اصلی: فرانسوی، از طریق: انگلیسی", "ur": "🌐 اصل زبان: فرانسیسی، بذریعہ: انگریزی",
	} {
		mark = "\u2066\u2067" + mark + "\u2069\u2069"
		for _, form := range []Form{FormInPlace, FormOriginalFirst, FormReply} {
			for _, late := range []bool{false, true} {
				m := translated()
				m.To, m.Pivot, m.Form, m.Late, m.Verdict = to, "en", form, late, check.Warn
				content := Compose(m)
				require.Contains(t, content.Body+"\n", "\n"+mark+"\n")
				require.Contains(t, content.FormattedBody, "<p>"+mark+"</p>")
				require.True(t, IsCopy(content.Body), "it is known as ours: %q", content.Body)
			}
		}
	}
}

// A client shows a message in one direction as a whole: in Arabic a dose would be read as "mg 500", and the full stop of a
// Chinese original would stand before it.
func TestQuantitiesAndOriginalsKeepTheirOrderInRightToLeftText(t *testing.T) {
	for text, want := range map[string]string{
		"أعط 500 mg كل 6 ساعات": "أعط [500 mg] كل 6 ساعات", "درجة 38.5 °C.": "درجة [38.5 °C].", "ضغط 120/80 mmHg": "ضغط [120/80 mmHg]",
		"من 5-10 أقراص": "من [5-10] أقراص", "تشبع 88%": "تشبع [88%]", "0.1 µg/kg/min": "[0.1 µg/kg/min]", "B12 و 12": "B12 و 12",
		"+33 1 40 20 50 50: الجراح": "[+33 1 40 20 50 50]: الجراح", "+44 20 7946 0018 14:30 و 5 mg": "[+44 20 7946 0018] [14:30] و [5 mg]", "(+44 20 7946 0018)": "([+44 20 7946 0018])",
		"120 metoprolol": "120 metoprolol", "1,000 IU": "[1,000 IU]", "٥٠٠ ملغ": "٥٠٠ ملغ",
	} {
		shown := strings.NewReplacer("\u2066", "[", "\u2069", "]").Replace(isolateQuantities("ar", text))
		require.Equal(t, want, shown)
		require.Equal(t, text, isolateQuantities("es", text))
	}
	require.Equal(t, "<p><a href=\"https://x/5-10\">\u20665-10\u2069</a> \u20665 mg\u2069",
		isolateQuantitiesInHTML("fa", "<p><a href=\"https://x/5-10\">5-10</a> 5 mg"))
	require.Equal(t, "<pre><code class=\"x\">5 mg</code></pre>\u20665 mg\u2069<br>",
		isolateQuantitiesInHTML("fa", "<pre><code class=\"x\">5 mg</code></pre>5 mg<br>"))

	m := translated()
	m.From, m.To, m.Body, m.Original.Body = "zh", "ar", "أعط 500 mg", "给予500毫克。\n\n谢谢。"
	content := Compose(m)
	require.True(t, strings.HasPrefix(content.Body, "\u200f\u2067أعط \u2066500 mg\u2069\u2069\u200f\n"), content.Body)
	require.True(t, strings.HasPrefix(content.FormattedBody, "<p>\u200f\u2067أعط \u2066500 mg\u2069\u2069\u200f</p>"), content.FormattedBody)
	require.Contains(t, content.FormattedBody, "<p>\u2066给予500毫克。\u2069<br><br>\u2066谢谢。\u2069</p></details>")
	require.Equal(t, m.Original.Body, content.Key.Original.Body, "the key has what was sent")
}

func TestAnArabicNoteUnderAnOriginalRunsFromRightToLeft(t *testing.T) {
	m := translated()
	m.To, m.State, m.Verdict, m.Engine, m.Body = "ar", StateNone, check.Block, "", ""
	m.Invariants = []check.Invariant{{Kind: check.KindDose, Text: "500 mg"}}
	lines := strings.Split(Compose(m).Body, "\n")
	require.Equal(t, m.Original.Body, lines[0])
	for _, line := range lines[1:] {
		require.True(t, strings.HasPrefix(line, "\u200f\u2067") && strings.HasSuffix(line, "\u2069\u200f"), line)
	}
	require.Len(t, lines, 3)
}

// With the original first, its first letter decides how a client draws the whole message: the full stop of an Arabic
// translation under an English original stood before its first word.
func TestATranslationUnderAnOriginalRunsInItsOwnDirection(t *testing.T) {
	m := translated()
	m.Form, m.To, m.Body = FormOriginalFirst, "ar", "المريض بخير.\nشكرا."
	content := Compose(m)
	require.Contains(t, content.Body, "\n\u200f\u2067المريض بخير.\u2069\u200f\n\u200f\u2067شكرا.\u2069\u200f")
	require.Contains(t, content.FormattedBody, "<p>\u200f\u2067المريض بخير.\u2069\u200f<br>\u200f\u2067شكرا.\u2069\u200f</p>")

	m.From, m.To, m.Body, m.Original.Body = "ar", "fr", "Le patient va bien.", "المريض بخير."
	content = Compose(m)
	require.Contains(t, content.Body, "\n\u2066Le patient va bien.\u2069")
	require.Contains(t, content.FormattedBody, "<p>\u2066Le patient va bien.\u2069</p>")
	m.From, m.Original.Body = "en", "The patient is well."
	require.NotContains(t, Compose(m).Body, "\u2066")
}

func TestSaidKeepsNamesInOnePiece(t *testing.T) {
	require.Equal(t, "Ana: good", Said("en", "Ana", "good"))
	require.Equal(t, "\u2068أحمد\u2069: good", Said("en", "أحمد", "good"))
	require.Equal(t, "\u200f\u2067\u2068Ana\u2069: جيد\u2069\u200f", Said("ar", "Ana", "جيد"))
}

// refused is a message whose translation was refused, in a form.
func refused(from, to language.Code, text, formatted string) Message {
	return Message{
		State: StateNone, From: from, To: to, Verdict: check.Block, Reasons: []check.Reason{{Code: "dose", Original: "5 mg"}},
		Invariants: []check.Invariant{{Kind: check.KindDose, Text: "5 mg"}}, Original: Original{Body: text, FormattedBody: formatted},
	}
}

// A line of ours over an original gives the message its direction: it turned the original around.
func TestAnOriginalUnderALineOfOursRunsInItsOwnDirection(t *testing.T) {
	m := refused("ar", "es", "أعط morphine بجرعة 5 mg ببطء.\nشكرا.", "")
	m.Late = true
	lines := strings.Split(shownDirections.Replace(Compose(m).Body), "\n")
	require.Equal(t, []string{"!«أعط morphine بجرعة ‹5 mg} ببطء.}!", "!«شكرا.}!"}, lines[1:3])
	require.True(t, strings.HasPrefix(lines[3], "⛔"), lines)

	m = refused("en", "ar", "Give 5 mg morphine now.", "")
	m.Late = true
	lines = strings.Split(shownDirections.Replace(Compose(m).Body), "\n")
	require.Equal(t, "‹Give 5 mg morphine now.}", lines[1])
	require.True(t, strings.HasPrefix(lines[2], "!"), lines)
	m.State, m.Verdict, m.Reasons = StatePending, "", nil
	require.Contains(t, Compose(m).Body, "\n\u2066Give 5 mg morphine now.\u2069", "also where nothing more is said")

	m = translated()
	m.From, m.Original.Body, m.Form, m.Late = "ar", "أعط 5 mg.", FormOriginalFirst, true
	lines = strings.Split(shownDirections.Replace(Compose(m).Body), "\n")
	require.Equal(t, []string{"!«أعط ‹5 mg}.}!", "🌐 from Arabic", "The patient is well"}, lines[1:])

	withdrawn := Withdrawn(Original{Body: "5. أعط 5 mg.", FormattedBody: "<ul><li>أعط <b>5 mg</b>.</li></ul>"}, "en")
	require.Contains(t, shownDirections.Replace(withdrawn.Body), "\n!«5. أعط ‹5 mg}.}!")
	require.Contains(t, shownDirections.Replace(withdrawn.FormattedBody), "</p><ul><li>!«أعط <b>‹5 mg}</b>.}!</li></ul>")
	require.Equal(t, "🌐 translation withdrawn; this is the original\nDonner 5 mg.", Withdrawn(Original{Body: "Donner 5 mg."}, "en").Body)
}

// Who cannot read an Arabic original looks for its doses: "250 mg/5 mL" was shown as "mg/5 mL 250".
func TestDosesOfArabicOriginalsAreWholeInEveryForm(t *testing.T) {
	const text, dose = "أعط ibuprofen بتركيز 250 mg/5 mL الآن.", "بتركيز \u2066250 mg/5 mL\u2069 الآن."
	for _, form := range []Form{FormInPlace, FormOriginalFirst, FormReply} {
		for _, verdict := range []check.Verdict{check.Pass, check.Warn} {
			m := translated()
			m.From, m.Original.Body, m.Form, m.Verdict = "ar", text, form, verdict
			content := Compose(m)
			if form == FormOriginalFirst || form == FormInPlace && verdict == check.Warn {
				require.Contains(t, content.Body, dose)
			}
			if form != FormReply {
				require.Contains(t, content.FormattedBody, dose)
			}
			require.Equal(t, text, content.Key.Original.Body, "the key has what was sent")
		}
	}
	m := refused("ar", "es", text, "<p>"+text+"</p>")
	require.Contains(t, Compose(m).Body, dose)
	require.Contains(t, Compose(m).FormattedBody, dose)
	m.State, m.Verdict, m.Reasons = StatePending, "", nil
	require.Equal(t, text, Compose(m).Body, "what is shown as it was sent stays that")
}

func TestEachLineOfAnOriginalInHTMLRunsInItsOwnDirection(t *testing.T) {
	m := translated()
	m.To, m.Body = "ar", "المريض بخير"
	for formatted, want := range map[string]string{
		"<p>Ana is <b>well</b>.</p><p><i>She</i> left.</p>":  "<p>‹Ana is <b>well</b>.}</p><p>‹<i>She</i> left.}</p>",
		"<ul><li>well</li>\n<li>a\nb</li></ul>":              "<ul><li>‹well}</li> <li>‹a b}</li></ul>",
		"well<br>done":                                       "<p>‹well}<br/>‹done}</p>",
		"<pre><code>a\nb</code></pre><code>c</code> d":       "<pre><code>a\nb</code></pre>‹<code>c</code> d}",
		"<table><tbody><tr><td>1</td></tr></tbody></table>x": "<table><tbody><tr><td>‹1}</td></tr></tbody></table>‹x}",
	} {
		m.Original.FormattedBody = formatted
		require.Contains(t, shownDirections.Replace(Compose(m).FormattedBody), "</summary>"+want+"</details>", formatted)
	}
}

// Clients that flatten a message show it without a direction of its own: pinned, in lists of rooms, in threads.
func TestEachLineOfAnArabicMessageKeepsItsOrderWhereverItIsShown(t *testing.T) {
	for _, verdict := range []check.Verdict{check.Pass, check.Warn} {
		for _, form := range []Form{FormInPlace, FormReply} {
			m := translated()
			m.To, m.Verdict, m.Form, m.Late, m.Original.FormattedBody = "ar", verdict, form, true, "<p>Le patient</p><p>va bien</p>"
			m.Body, m.FormattedBody = "أعط paracetamol بتركيز 250 mg/5 mL.\nشكرا.", "<ul><li>أعط <b>paracetamol</b> بتركيز 250 mg/5 mL.</li></ul>شكرا."
			m.Reasons = []check.Reason{{Code: "dose", Original: "1 g", Translation: "2 g"}}
			m.Invariants = []check.Invariant{{Kind: check.KindDrug, Text: "paracetamol"}, {Kind: check.KindDose, Text: "250 mg/5 mL"}}
			content := Compose(m)
			for _, line := range strings.Split(strings.ReplaceAll(content.Body+"\n"+protect.PlainText(content.FormattedBody, "ar"), "• ", ""), "\n") {
				require.Regexp(t, "^(\u200f\u2067.*\u2069\u200f|\u2066.*\u2069)$", line, "of ours, or of the original")
				opened := strings.Count(line, "\u2066") + strings.Count(line, "\u2067") + strings.Count(line, "\u2068")
				require.Equal(t, opened, strings.Count(line, "\u2069"), "every isolate ends in its line: %q", line)
			}
		}
	}
}

// Clients make a link of an address and of what they do not know right behind it, and of nothing more where a quantity in it is isolated.
func TestAddressesStayLinksInRightToLeftText(t *testing.T) {
	for _, address := range []string{"pacs.example.com/study/5", "(pacs.example.com/study/5)", "PACS.Example.com/5"} {
		require.Contains(t, Directed("ar", "انظر "+address), address+" \u2069")
	}
	for _, none := range []string{"5 mg/kg", "120/80", "0.5/1", "…/5", "a./b"} {
		require.Contains(t, Directed("ar", "انظر "+none), none+"\u2069")
	}
	const link = "https://pacs.example/study/2024-11-30/5-10?x=3"
	for _, behind := range []string{"", "."} {
		for _, late := range []bool{false, true} {
			for _, form := range []Form{FormInPlace, FormOriginalFirst, FormReply} {
				m := translated()
				m.To, m.Form, m.Late = "ar", form, late
				m.Body, m.Original.Body = "انظر "+link+behind, "Voir "+link+behind
				content := Compose(m)
				m.FormattedBody, m.Original.FormattedBody = "<p>انظر "+link+behind+"</p>", "<p>Voir "+link+behind+"</p>"
				m.From, m.To = "ar", "fr"
				for _, text := range []string{content.Body, content.FormattedBody, Compose(m).Body, Compose(m).FormattedBody} {
					require.Regexp(t, regexp.QuoteMeta(link+behind)+`[\s<]`, text+"\n")
					require.NotRegexp(t, regexp.QuoteMeta(link+behind)+"[\u2069\u200f]", text)
					require.NotContains(t, text, "\u20662024")
				}
			}
		}
	}
}

// A notice to all that began with an Arabic line had the "3" of "3 miembros" at the wrong end.
func TestLinesOfSeveralLanguagesKeepTheirDirections(t *testing.T) {
	said := map[language.Code]string{"ar": "\u200f3 أعضاء", "es": "3 miembros", "fr": "3 membres.", "fa": "\u200f3 عضو"}
	say := func(code language.Code) string { return said[code] }
	for want, codes := range map[string][]language.Code{
		"!«3 أعضاء}!\n‹3 miembros}\n‹3 membres.}": {"ar", "es", "fr"},
		"‹3 miembros}\n!«3 عضو}!":                 {"es", "fa"},
		"3 miembros\n3 membres.":                  {"es", "fr"},
		"!3 أعضاء\n!3 عضو":                        {"ar", "fa"},
		"!3 أعضاء":                                {"ar"},
		"":                                        nil,
	} {
		require.Equal(t, want, shownDirections.Replace(Together(codes, say)), codes)
	}
}
