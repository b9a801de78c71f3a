package edit

import (
	"slices"
	"strings"
	"unicode"

	"medixchange/handbook"
	"medixchange/handbook/site"
	"medixchange/internal/markup"
)

// hit is a term of the glossary that a text has.
type hit struct{ original, own string }

// termsIn finds the terms of the source's glossary in a text of the source, with what this language says for them.
func termsIn(book *handbook.Book, language, text string) []hit {
	source, ok := book.Glossary(book.Source)
	own, translated := book.Glossary(language)
	if !ok || !translated {
		return nil
	}
	text = strings.ToLower(text)
	var hits []hit
	for id, term := range source.Terms {
		mine, ok := own.Terms[id]
		if ok && (hasWord(text, term.Term) || slices.ContainsFunc(term.Also, func(also string) bool { return hasWord(text, also) })) {
			hits = append(hits, hit{term.Term, mine.Term})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return strings.Compare(a.original, b.original) })
	return hits
}

// hasWord finds a word or its plural in a text of small letters.
func hasWord(text, word string) bool {
	word = strings.ToLower(word)
	if word == "" {
		return false
	}
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		start, end := from+at, from+at+len(word)
		rest := strings.TrimPrefix(text[end:], "s")
		if !letterBefore(text[:start]) && !letterAfter(rest) {
			return true
		}
		from = end
	}
}

func letterBefore(text string) bool {
	runes := []rune(text[max(0, len(text)-4):])
	return len(runes) > 0 && unicode.IsLetter(runes[len(runes)-1])
}

func letterAfter(text string) bool {
	for _, r := range text {
		return unicode.IsLetter(r)
	}
	return false
}

func (q *request) terms(b *markup.Builder, block handbook.Block) {
	hits := termsIn(q.book.Book, q.name.Language, strings.Join(block.Segments, "\n"))
	if len(hits) == 0 {
		return
	}
	from, to := site.TongueOf(q.book.Source), site.TongueOf(q.name.Language)
	b.Put(`<dl class="terms" aria-label="%s">`, q.reading.Text("glossary"))
	for _, h := range hits {
		b.Put(`<div><dt %s>%s</dt><dd %s>%s</dd></div>`, from.Attributes(), h.original, to.Attributes(), h.own)
	}
	b.Put("</dl>\n")
}
