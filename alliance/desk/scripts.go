package desk

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// recommended are the scripts that people write their languages with today (Unicode Standard Annex 31, table 5), with one name
// for those that are written together in Japanese, Korean and Chinese. Others hold many letters that are read as those of another
// script, and no hospital's name.
var recommended = []string{"Arabic", "Armenian", "Bengali", "CJK", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi",
	"Hebrew", "Kannada", "Khmer", "Lao", "Latin", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan"}

// latin are the letters besides a to z, and besides those that are one of these with an accent, that languages are written with
// in the Latin script. All others belong to phonetic alphabets and to manuscripts.
const latin = "ßæðøþđħıłŋœŧƈƒƙƥƭƴǝǥɓɔɖɗəɛɣɨɩɲʉʊʋʒ"

// MixedScripts reports whether a label has characters of several scripts, of one that is not recommended, or letters that no
// language is written in.
func MixedScripts(server string) bool {
	host, err := idna.Punycode.ToUnicode(server)
	if err != nil {
		host = server
	}
	return slices.ContainsFunc(strings.Split(host, "."), mixed)
}

func mixed(label string) bool {
	seen := ""
	for _, r := range label {
		script := scriptOf(r)
		if script == "" {
			continue
		}
		if !slices.Contains(recommended, script) || script == "Latin" && !written(r) {
			return true
		}
		if seen != "" && seen != script {
			return true
		}
		seen = script
	}
	return false
}

// written reports whether a Latin letter is one that a language is written with.
func written(r rune) bool {
	for _, part := range norm.NFD.String(string(r)) {
		ascii := part >= 'a' && part <= 'z'
		if !ascii && !unicode.Is(unicode.Mn, part) && !strings.ContainsRune(latin, part) {
			return false
		}
	}
	return true
}

// scriptOf returns the script of a character, "" for one that is written with any: the digits and the hyphen of ASCII, accents,
// apostrophes.
func scriptOf(r rune) string {
	if r <= unicode.MaxASCII && !unicode.IsLetter(r) {
		return ""
	}
	// These are common to several scripts by their property, and none of them is written with Latin letters.
	if r == '・' || r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo) {
		return "CJK"
	}
	if r >= '٠' && r <= '٩' {
		return "Arabic"
	}
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return name
		}
	}
	return ""
}
