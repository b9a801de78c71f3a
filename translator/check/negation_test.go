package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// withoutNegations cuts the words out of a text that certainly negate.
func withoutNegations(text string, code language.Code) string {
	x := extract(text, code)
	for i := len(x.negations) - 1; i >= 0; i-- {
		s := x.negations[i]
		text = text[:x.f.starts[s.from]] + text[x.f.ends[s.to-1]:]
	}
	return text
}

// TestLostAndAddedNegationsAreFound takes the negations out of one side of good translations and counts what goes unnoticed.
func TestLostAndAddedNegationsAreFound(t *testing.T) {
	header, rows := tico19(t)
	for column := 2; column < len(header)-1; column++ {
		code := language.Code(header[column])
		if !code.Known() {
			continue
		}
		made, lost, added := 0, 0, 0
		for _, row := range rows {
			english, other := row[1], row[column]
			if len(extract(english, "en").negations) == 0 || len(extract(other, code).negations) == 0 {
				continue
			}
			made++
			if finds(english, withoutNegations(other, code), "en", code, "negation") {
				lost++
			} else if testing.Verbose() {
				t.Logf("lost %s\n %s\n %s", code, english, withoutNegations(other, code))
			}
			if finds(withoutNegations(english, "en"), other, "en", code, "negation") {
				added++
			} else if testing.Verbose() {
				t.Logf("added %s\n %s\n %s", code, withoutNegations(english, "en"), other)
			}
		}
		t.Logf("RATE %s: of %d, %d lost ones and %d added ones found", code, made, lost, added)
	}
}

// finds reports whether the checks make a finding of that code.
func finds(source, translation string, from, to language.Code, code string) bool {
	for _, reason := range Compare([]string{source}, []string{translation}, from, to).Reasons {
		if reason.Code == code {
			return true
		}
	}
	return false
}

var _ = require.Len
