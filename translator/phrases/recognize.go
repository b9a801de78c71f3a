package phrases

import (
	"slices"
	"strings"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// maxRecognized bounds the text that is looked up in every language, in bytes.
const maxRecognized = 1000

// Languages lists the languages in which a text is a phrase, or a row of phrases. It is empty where there is none, and
// where the phrases of two languages mean different things.
func (m *Memory) Languages(text string) []language.Code {
	text, normal := Normal(strings.TrimSpace(text))
	if !normal || text == "" || len(text) > maxRecognized {
		return nil
	}
	whole, parts := newReading(text), readingsOf(text)
	var codes []language.Code
	var meaning []string
	for _, code := range language.Bases {
		concepts := m.concepts(whole, parts, code)
		switch {
		case concepts == nil:
		case meaning != nil && !slices.Equal(meaning, concepts):
			return nil
		default:
			codes, meaning = append(codes, formsOf(text, code)...), concepts
		}
	}
	return codes
}

// formsOf are the forms of a language that a text may be written in.
func formsOf(text string, code language.Code) []language.Code {
	if code == "zh" {
		return language.ChineseForms(text)
	}
	return []language.Code{code}
}

// readingsOf are the sentences of a text.
func readingsOf(text string) []*reading {
	var readings []*reading
	for _, at := range Sentences(text) {
		readings = append(readings, newReading(text[at.Start:at.End]))
	}
	return readings
}

// concepts are the phrases that a text, or each of its sentences, is in a language; nil if some of it is no phrase.
func (m *Memory) concepts(text *reading, sentences []*reading, code language.Code) []string {
	if found, _, ok := m.lookUp(text, code); ok {
		return []string{m.entries[found].id}
	}
	if len(sentences) < 2 {
		return nil
	}
	var concepts []string
	for _, sentence := range sentences {
		found, _, ok := m.lookUp(sentence, code)
		if !ok {
			return nil
		}
		concepts = append(concepts, m.entries[found].id)
	}
	return concepts
}

// Sentences finds the sentences of a text by their marks.
func Sentences(text string) []check.Span {
	var spans []check.Span
	start := 0
	for i, r := range text {
		if !strings.ContainsRune(".!?。！？؟", r) {
			continue
		}
		end := i + len(string(r))
		if end < len(text) && r < 0x80 && text[end] != ' ' {
			continue // within a number or a name
		}
		if strings.TrimSpace(text[start:end]) != "" {
			spans = append(spans, check.Span{Start: start, End: end})
		}
		start = end
	}
	if strings.TrimSpace(text[start:]) != "" {
		spans = append(spans, check.Span{Start: start, End: len(text)})
	}
	return spans
}
