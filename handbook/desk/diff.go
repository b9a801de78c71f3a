package desk

import (
	"strings"
	"unicode"
)

// Change is a run of words that two texts share, or that only one of them has.
type Change struct {
	Kind ChangeKind
	Text string
}

// ChangeKind says which of two texts has a run of words.
type ChangeKind int8

// The kinds.
const (
	Same ChangeKind = iota
	Removed
	Added
)

// maxDiffCells bounds the work of one comparison; longer texts are compared as wholes.
const maxDiffCells = 1 << 22

// Diff compares two texts word by word (the longest common run of words; signs and letters of scripts without spaces are words of
// their own).
func Diff(before, after string) []Change {
	a, b := wordsOf(before), wordsOf(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []Change
	out = put(out, Same, a[:head]...)
	out = differ(out, a[head:len(a)-tail], b[head:len(b)-tail])
	return put(out, Same, a[len(a)-tail:]...)
}

func differ(out []Change, a, b []string) []Change {
	if len(a)*len(b) > maxDiffCells {
		return put(put(out, Removed, a...), Added, b...)
	}
	width := len(b) + 1
	common := make([]int32, (len(a)+1)*width) // length of the longest common run of a[i:] and b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = put(out, Same, a[i])
			i, j = i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			out = put(out, Removed, a[i])
			i++
		default:
			out = put(out, Added, b[j])
			j++
		}
	}
	return put(put(out, Removed, a[i:]...), Added, b[j:]...)
}

func put(out []Change, kind ChangeKind, words ...string) []Change {
	text := strings.Join(words, "")
	switch {
	case text == "":
	case len(out) > 0 && out[len(out)-1].Kind == kind:
		out[len(out)-1].Text += text
	default:
		out = append(out, Change{kind, text})
	}
	return out
}

// wordsOf divides a text into words, spaces and single signs.
func wordsOf(text string) []string {
	var out []string
	last := rune(0)
	for _, r := range text {
		if len(out) > 0 && kindOf(r) == kindOf(last) && kindOf(r) != 0 {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		last = r
	}
	return out
}

// kindOf is 0 for what stands alone.
func kindOf(r rune) int {
	switch {
	case r == '\n':
		return 0
	case unicode.IsSpace(r):
		return 1
	case r >= 0x2e80 && r <= 0xffef, unicode.Is(unicode.Thai, r):
		return 0
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
		return 2
	}
	return 0
}
