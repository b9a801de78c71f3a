package desk

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// alike are letters that are read as a Latin one. It is a selection of what Unicode Technical Standard 39 lists, for letters
// that domain names may have.
var alike = map[rune]string{
	// digits and Latin letters among each other
	'0': "o", '1': "l", 'i': "l", 'ı': "l", 'ł': "l", 'ø': "o", 'đ': "d", 'ħ': "h", 'ß': "b", 'þ': "p", 'ð': "o", 'ə': "e", 'ɑ': "a", 'ɡ': "g",
	'5': "s", '2': "z", '8': "b",
	// Cyrillic
	'а': "a", 'в': "b", 'с': "c", 'ԁ': "d", 'е': "e", 'ё': "e", 'һ': "h", 'н': "h", 'і': "l", 'ї': "l", 'ј': "j", 'к': "k", 'ӏ': "l", 'м': "m",
	'п': "n", 'о': "o", 'р': "p", 'ԛ': "q", 'г': "r", 'ѕ': "s", 'т': "t", 'и': "u", 'ѵ': "v", 'ԝ': "w", 'х': "x", 'у': "y", 'з': "3", 'ь': "b", 'б': "6",
	// Greek
	'α': "a", 'β': "b", 'ϲ': "c", 'ε': "e", 'η': "n", 'ι': "l", 'κ': "k", 'ν': "v", 'ο': "o", 'ρ': "p", 'σ': "o", 'τ': "t", 'υ': "u", 'χ': "x", 'γ': "y", 'ω': "w",
	// Armenian and others
	'օ': "o", 'ս': "u", 'հ': "h", 'ո': "n", 'զ': "q", 'ց': "g", 'ա': "w", 'ɩ': "l", 'ʟ': "l", 'ꜱ': "s", 'ᴏ': "o", 'ᴠ': "v", 'ᴡ': "w", 'ꭓ': "x",
}

// pairs are letters beside each other that are read as one.
var pairs = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d")

// skeleton is what a server name looks like: names with the same skeleton are taken for each other. Its port does not count,
// nor do accents, hyphens, case and the script that a letter comes from.
func skeleton(server string) string {
	host := strings.ToLower(server)
	if at := strings.LastIndexByte(host, ':'); at > 0 && !strings.HasSuffix(host, "]") {
		host = host[:at]
	}
	host = strings.TrimSuffix(host, ".")
	if decoded, err := idna.Punycode.ToUnicode(host); err == nil {
		host = decoded
	}
	var look strings.Builder
	for _, r := range norm.NFKD.String(host) {
		r = unicode.ToLower(r)
		switch latin, known := alike[r]; {
		case known:
			look.WriteString(latin)
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), r == '-', r == '_':
		default:
			look.WriteRune(r)
		}
	}
	return pairs.Replace(look.String())
}

// mixedScripts reports whether a label has letters of several scripts. Those that are written together in Japanese and Korean
// count as one.
func mixedScripts(server string) bool {
	host, err := idna.Punycode.ToUnicode(server)
	if err != nil {
		host = server
	}
	for _, label := range strings.Split(host, ".") {
		seen := ""
		for _, r := range label {
			script := scriptOf(r)
			if script == "" {
				continue
			}
			if seen != "" && seen != script {
				return true
			}
			seen = script
		}
	}
	return false
}

func scriptOf(r rune) string {
	if !unicode.IsLetter(r) {
		return ""
	}
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
		return "CJK"
	}
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return name
		}
	}
	return ""
}
