package search

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzScan takes any text to pieces: no word is longer than allowed, every place lies in the text, and folding again changes
// nothing, or a query would miss what it copied.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		"Give 500mg q8h", "می\u200cروم ۵۰۰", "والمريض المصـــابين حَوَامِل", "患者发热ｳｲﾙｽ", "ผู้ป่วยมีไข้", "환자가", "Đường huyết", "IŞIK ß ﬁ ½", "e\u0301\u0301", "\xff\xfe",
		"COVID-19's l'œdème", "љубав ђ", "กำ\u0e33", "0,5 1.000.000 ٠٫٥", "a\u200db\u2067c", "ㅎㅏㄴ", "\u1100\u1161", "गर्भवती",
	} {
		f.Add(s)
	}
	same := func(r rune) rune { return r }
	f.Fuzz(func(t *testing.T, text string) {
		s, pieces := scan(text, same)
		for _, p := range pieces {
			require.True(t, utf8.ValidString(p.term) || !utf8.ValidString(text), "%q", p.term)
			require.LessOrEqual(t, p.from, p.to)
			if p.class == letter || p.class == digit {
				require.LessOrEqual(t, utf8.RuneCountInString(p.term), maxWord)
			}
			span := s.span(p.from, p.to)
			require.True(t, 0 <= span.From && span.From <= span.To && span.To <= len(s.text), "%v of %d", span, len(s.text))
		}
		m := newMatched(same, (&Engine{simplify: same}).parse(text))
		for _, span := range m.Highlight(text) {
			require.True(t, 0 <= span.From && span.From < span.To && span.To <= len(text))
		}
		m.Snippet(text, 10)
	})
}

// FuzzUnpack reads any bytes as postings without harm, and packs what it read to the same.
func FuzzUnpack(f *testing.F) {
	f.Add(pack([]posting{{1, 2, 3}, {200, 70_000, 7}}))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, block []byte) {
		all, err := unpack(nil, block)
		if err != nil {
			return
		}
		again, err := unpack(nil, pack(all))
		require.NoError(t, err)
		require.Equal(t, all, again)
	})
}
