package translator

import (
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// serves finds how a link takes a pair: as it is, or in the nearest forms of both languages. Between two forms of one
// language (simplified and traditional Chinese) only the very pair will do.
func (l link) serves(from, to language.Code) (language.Code, language.Code, bool) {
	if l.takes(from, to) {
		return from, to, true
	}
	if from.Base() == to.Base() {
		return "", "", false
	}
	for _, source := range siblings(from) {
		if target, ok := to.Nearest(func(code language.Code) bool { return l.takes(source, code) }); ok {
			return source, target, true
		}
	}
	return "", "", false
}

// siblings are the forms of a language, its own first.
func siblings(code language.Code) []language.Code {
	codes := []language.Code{code}
	for _, other := range language.All {
		if other != code && other.Base() == code.Base() {
			codes = append(codes, other)
		}
	}
	return codes
}

// spelled writes the words of segments in the alphabet of a language where that can be done exactly: Serbian in Latin.
// It reports what the segments are in then.
func spelled(segments []protect.Segment, in, wanted language.Code) ([]protect.Segment, language.Code) {
	if in != "sr" || wanted != "sr-Latn" {
		return segments, in
	}
	out := make([]protect.Segment, len(segments))
	for i, segment := range segments {
		out[i] = append(protect.Segment{}, segment...)
		for j := range out[i] {
			if out[i][j].Kind == protect.Text {
				out[i][j].Text = language.SerbianLatin(out[i][j].Text)
			}
		}
	}
	return out, wanted
}
