package desk

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// alike are letters that are read as a Latin one. It is a selection of what Unicode Technical Standard 39 lists, for letters
// that domain names may have.
var alike = map[rune]string{
	// digits and Latin letters among each other
	'0': "o", '1': "l", 'i': "l", 'ı': "l", 'ł': "l", 'ø': "o", 'đ': "d", 'ħ': "h", 'ß': "b", 'þ': "p", 'ð': "o", 'ə': "e", 'ǝ': "e",
	'5': "s", '2': "z", '8': "b", 'æ': "ae", 'œ': "oe", 'ŋ': "n", 'ŧ': "t", 'ƈ': "c", 'ƒ': "f", 'ƙ': "k", 'ƥ': "p", 'ƭ': "t", 'ƴ': "y", 'ǥ': "g",
	'ɓ': "b", 'ɔ': "c", 'ɖ': "d", 'ɗ': "d", 'ɛ': "e", 'ɣ': "y", 'ɨ': "l", 'ɩ': "l", 'ɲ': "n", 'ʉ': "u", 'ʊ': "u", 'ʋ': "v", 'ʒ': "3",
	// Cyrillic
	'а': "a", 'в': "b", 'с': "c", 'ԁ': "d", 'е': "e", 'ё': "e", 'һ': "h", 'н': "h", 'і': "l", 'ї': "l", 'ј': "j", 'к': "k", 'ӏ': "l", 'м': "m",
	'п': "n", 'о': "o", 'р': "p", 'ԛ': "q", 'г': "r", 'ѕ': "s", 'т': "t", 'и': "u", 'ѵ': "v", 'ԝ': "w", 'х': "x", 'у': "y", 'з': "3", 'ь': "b", 'б': "6",
	'ґ': "r", 'ғ': "f", 'қ': "k", 'ҡ': "k", 'ҟ': "k", 'ң': "h", 'ӊ': "h", 'ү': "y", 'ұ': "y", 'ө': "o", 'ә': "e", 'є': "e", 'ҫ': "c", 'ҳ': "x",
	'ћ': "h", 'ђ': "h", 'ш': "w", 'ѡ': "w", 'ц': "u", 'џ': "u", 'ъ': "b",
	// Greek
	'α': "a", 'β': "b", 'ϲ': "c", 'ς': "c", 'ε': "e", 'η': "n", 'π': "n", 'ι': "l", 'ϳ': "j", 'κ': "k", 'ν': "v", 'ο': "o", 'θ': "o", 'ρ': "p",
	'σ': "o", 'τ': "t", 'υ': "u", 'μ': "u", 'χ': "x", 'γ': "y", 'ω': "w",
	// Armenian
	'օ': "o", 'ս': "u", 'կ': "u", 'հ': "h", 'ի': "h", 'ո': "n", 'ռ': "n", 'ղ': "n", 'զ': "q", 'գ': "q", 'ց': "g", 'ա': "w", 'լ': "l",
}

// pairs are letters beside each other that are read as one.
var pairs = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d")

// skeleton is what a server name looks like: names with the same skeleton are taken for each other. Its port does not count,
// nor do accents, hyphens, apostrophes, case and the script that a letter comes from.
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
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Lm, r), r == '-', r == '_', r == '·':
		default:
			look.WriteRune(r)
		}
	}
	return pairs.Replace(look.String())
}

// LookAlike reports whether one server name is taken for another by who reads it.
func LookAlike(a, b string) bool { return a != b && skeleton(a) == skeleton(b) }

// oneApart reports whether two texts differ in one letter: another one, one more, one less, or two that changed places.
func oneApart(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > 1 {
		return false
	}
	at := 0
	for at < len(x) && x[at] == y[at] {
		at++
	}
	if len(x) < len(y) {
		return slices.Equal(x[at:], y[at+1:])
	}
	if at == len(x) {
		return false
	}
	if slices.Equal(x[at+1:], y[at+1:]) {
		return true
	}
	return at+1 < len(x) && x[at] == y[at+1] && x[at+1] == y[at] && slices.Equal(x[at+2:], y[at+2:])
}

// near reports whether a name differs so little from another that coordinators should know: by one letter as they are read, or
// by nothing but what comes after the last dot.
func near(a, b string) bool {
	if a == b {
		return false
	}
	x, y := skeleton(a), skeleton(b)
	return x == y || oneApart(x, y) || withoutEnd(x) == withoutEnd(y)
}

// withoutEnd is a name without its last label.
func withoutEnd(name string) string {
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		return name[:at]
	}
	return name
}

// maxNear bounds the names of which coordinators are warned.
const maxNear = 20

// Near returns the names of members and of other applicants that differ little from that of an application, 20 at most. They are
// no reason to turn it away: hospitals of one town are often named alike.
func (d *Desk) Near(ctx context.Context, a Application) ([]string, error) {
	names := map[string]bool{}
	if list := d.o.Keeper.Members(); list != nil {
		for _, h := range list.Hospitals {
			names[h.ServerName] = true
		}
	}
	others, err := d.list(ctx, Waiting(), maxListed)
	if err != nil {
		return nil, err
	}
	for _, other := range others {
		names[other.ServerName] = true
	}
	found := []string{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if near(name, a.ServerName) && len(found) < maxNear {
			found = append(found, name)
		}
	}
	return found, nil
}
