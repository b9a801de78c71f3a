package engine

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"medixchange/translator/protect"
)

// FuzzAnswer reads whatever a service may answer: each parser gives all texts or an error.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"translatedText":"x"}`, `{"translatedText":["x","y"]}`, `{"translatedText":null}`, `{"error":"x"}`, `[{"translations":[{"text":"x","to":"es"}]}]`,
		`{"translations":[{"text":"x"}]}`, `{"data":{"translations":[{"translatedText":"x"}]}}`, `{"languagePair":{"sourceLanguageCode":"en"}}`,
		`{"choices":[{"finish_reason":"stop","message":{"content":"{\"translations\":[{\"id\":1,\"text\":\"x\"}]}"}}]}`,
		`{"error":{"code":403001,"errors":[{"reason":"dailyLimitExceeded"}],"details":[{"reason":"X"}]}}`, `{"error":{"code":"insufficient_quota"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var libre libreAnswer
		_ = json.Unmarshal(body, &libre)
		var list translations
		_ = json.Unmarshal(body, &list)
		var pairs googlePairs
		if json.Unmarshal(body, &pairs) == nil {
			pairs.have("en", "es")
		}
		for _, fault := range []error{libreFault(403, nil, body), azureFault(403, nil, body), googleFault(403, nil, body), chatFault(429, nil, body)} {
			if fault == nil || len(fault.Error()) > 200 {
				t.Fatalf("%v", fault)
			}
		}
		var chat chatAnswer
		if json.Unmarshal(body, &chat) == nil {
			_, _ = chat.content()
		}
	})
}

func FuzzChatContent(f *testing.F) {
	f.Add("{\"translations\":[{\"id\":1,\"text\":\"x\"}]}", 1)
	f.Add("```json\n{\"translations\":[{\"id\":1,\"text\":\"x\"},{\"id\":2,\"text\":\"\"}]}\n```", 2)
	f.Add("```", 0)
	f.Fuzz(func(t *testing.T, content string, count int) {
		if count < 0 || count > 1000 {
			return
		}
		if texts, err := parseChat(content, count); err == nil && len(texts) != count {
			t.Fatalf("%d texts for %d", len(texts), count)
		}
	})
}

// FuzzMarkup: what an engine makes of markup may lose parts, which is found later, but never makes up any, and no text of
// the answer is markup afterwards.
func FuzzMarkup(f *testing.F) {
	f.Add(`Give <code id="mx1">0.5 mg</code> of <b id="mx2">x</b> now`, "a < b")
	f.Add(`<code id="mx1"><code>0.5</code> mg</code></code></b></b>`, "")
	f.Add(`<script>x</script><plaintext><code id="mx1">0.5 mg</code>`, "")
	f.Add(`pH <pCO2 <code id="mx1">0.5 mg</code> < <`, "<")
	f.Fuzz(func(t *testing.T, answer, words string) {
		source := protect.Segment{{Kind: protect.Text, Text: words}, {Kind: protect.Atom, ID: 1, Text: "0.5 mg"}, {Kind: protect.Open, ID: 2}, {Kind: protect.Close, ID: 2}}
		for _, d := range []dialect{libreMarkup, deeplMarkup, azureMarkup} {
			for _, piece := range d.decode(answer, source) {
				if piece.Kind == protect.Atom && (piece.ID != 1 || piece.Text != "0.5 mg") {
					t.Fatalf("%+v", piece)
				}
			}
			_, texts := d.encode([]protect.Segment{source}, newGlossary([]Term{{words, answer}}))
			decoded := d.decode(texts[0], source)
			if utf8.ValidString(words) && !strings.ContainsAny(words, "\r") && len(decoded) < 3 {
				t.Fatalf("what was sent reads %+v", decoded)
			}
		}
	})
}

// TestWhatIsSentReadsAsItWas: an engine that changes nothing changes nothing.
func TestWhatIsSentReadsAsItWas(t *testing.T) {
	source := []protect.Segment{{
		{Kind: protect.Text, Text: `a < b & "c" > d's <b> <code id="mx9">x</code> `}, {Kind: protect.Open, ID: 2}, {Kind: protect.Atom, ID: 1, Text: "5 < 6 mg"}, {Kind: protect.Close, ID: 2},
	}}
	for _, d := range []dialect{libreMarkup, deeplMarkup, azureMarkup, googleMarkup, chatMarkup} {
		marked, texts := d.encode(source, nil)
		require.True(t, marked)
		got := d.decode(texts[0], source[0])
		require.Equal(t, source[0].Plain(), got.Plain(), d.atom)
		require.Equal(t, source[0][1:], got[len(got)-3:])
	}
}

func TestTermsAreWholeWordsTheLongestFirst(t *testing.T) {
	g := newGlossary([]Term{{"aspirin", "A"}, {"low-dose aspirin", "L"}, {"患者", "P"}, {"", "x"}, {"mg", ""}})
	for text, want := range map[string]string{
		"Aspirin now": "[A] now", "aspirins": "aspirins", "give low-dose ASPIRIN, aspirin": "give [L], [A]", "xaspirin": "xaspirin",
		"该患者发热": "该[P]发热", "5 mg": "5 mg", "": "", "aspirin": "[A]", "åspirin aspirin2": "åspirin aspirin2",
	} {
		var b strings.Builder
		for _, part := range g.split(text) {
			if part.term != nil {
				b.WriteString("[" + part.term.Target + "]")
				continue
			}
			b.WriteString(part.text)
		}
		require.Equal(t, want, b.String())
	}
}

func TestCodesOfServices(t *testing.T) {
	set := func(codes ...string) map[string]string {
		all := newTongues()
		for _, c := range codes {
			all.reads(c)
		}
		return all.from
	}
	for _, test := range []struct {
		offered   map[string]string
		tag, want string
	}{
		{set("ZH", "ZH-HANS", "ZH-HANT"), "zh", "ZH-HANS"}, {set("ZH", "ZH-HANT"), "zh-Hant", "ZH-HANT"}, {set("zh", "zt"), "zh-Hant", "zt"}, {set("zh-CN", "zh-TW"), "zh", "zh-CN"},
		{set("zh-CN", "zh-TW"), "zh-Hant", "zh-TW"}, {set("zh"), "zh-Hant", ""}, {set("EN-GB", "EN-US"), "en", "EN-US"}, {set("EN-GB", "EN-US"), "en-GB", "EN-GB"}, {set("EN"), "en-GB", "EN"},
		{set("PT-PT", "PT-BR"), "pt", "PT-BR"}, {set("pt", "pt-pt"), "pt-PT", "pt-pt"}, {set("pt", "pb"), "pt-BR", "pb"}, {set("sr-Cyrl", "sr-Latn"), "sr", "sr-Cyrl"}, {set("sr"), "sr-Latn", ""},
		{set("iw"), "he", "iw"}, {set("in"), "id", "in"}, {set("en"), "es", ""}, {nil, "en", ""},
	} {
		require.Equal(t, test.want, find(test.offered, test.tag), "%s in %v", test.tag, test.offered)
	}
}

func TestCodesInErrorsAreNames(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "400036": "400036", "400": "400", "INVALID_ARGUMENT": "INVALID_ARGUMENT", "two words": "?", strings.Repeat("a", 41): "?", "ä": "?",
		"Miller": "?", "sk-1234abcd": "?", "403001": "?", "4000361": "?", "+400": "?", "0x190": "?",
	} {
		require.Equal(t, want, plainCode(400, text), text)
	}
}

func TestBatchesKeepToBothLimits(t *testing.T) {
	spans, err := batches([]string{"aa", "bb", "c", "dddd", "e"}, 2, 4, func(s string) int { return len(s) })
	require.NoError(t, err)
	require.Equal(t, []span{{0, 2}, {2, 3}, {3, 4}, {4, 5}}, spans)
	_, err = batches([]string{"aa", "bbbbb"}, 2, 4, func(s string) int { return len(s) })
	require.ErrorIs(t, err, ErrRefused)
	for _, text := range []string{"", "a\"\\\n\x01é患😀\u2028<&", strings.Repeat("ü", 100)} {
		written, err := encode(text)
		require.NoError(t, err)
		require.GreaterOrEqual(t, jsonSize(text), len(written)-1, "%q", text)
	}
}
