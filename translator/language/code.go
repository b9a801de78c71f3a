package language

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Code is a written language as BCP 47 names it, as short as it can be: "es", "ja". Of a language that readers want in
// two forms the bare subtag is the one that CLDR holds for likely: "zh" is simplified Chinese beside "zh-Hant", "sr"
// Cyrillic beside "sr-Latn", "pt" that of Brazil beside "pt-PT". The empty Code means "not known".
type Code string

// Chat lists the languages of the programme.
var Chat = []Code{"zh", "en", "ar", "id", "fr", "ja", "ru", "es", "th", "tr", "vi"}

// Bases lists every language that has strings and phrases for readers: Chat and eight more.
var Bases = append(append([]Code{}, Chat...), "it", "de", "fa", "sr", "pt", "ko", "ur", "nl")

// All lists every form that readers can choose: Bases, and the second forms of three of them.
var All = append(append([]Code{}, Bases...), "zh-Hant", "sr-Latn", "pt-PT")

// Parse reads a BCP 47 tag or an ISO 639 code in any case, with or without script and region ("zh-Hans-CN", "zh-TW",
// "eng", "pt_BR", "prs"). It fails for what is no well-formed tag or names no language.
func Parse(tag string) (Code, error) {
	parsed, err := language.Parse(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	if err != nil {
		return "", fmt.Errorf("language tag %q: %w", tag, err)
	}
	base, confidence := parsed.Base()
	if confidence == language.No || strings.HasPrefix(strings.ToLower(parsed.String()), "und") {
		return "", fmt.Errorf("language tag %q names no language", tag)
	}
	return formOf(written(parsed, base)), nil
}

// WellFormed reports whether a text has the form of a BCP 47 tag, as Parse reads it, whatever language it names or none: "und" and
// "xx" have, "spanish" and "" have not.
func WellFormed(tag string) bool {
	_, err := language.Parse(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	var unknown language.ValueError
	return err == nil || errors.As(err, &unknown)
}

// written names the language that a tag is written as: dialects and neighbours that share a written language are one.
func written(tag language.Tag, base language.Base) language.Tag {
	var as string
	switch base.String() {
	case "cmn":
		as = "zh"
	case "yue":
		as = "zh-Hant"
	case "arb", "arz", "ary", "acm", "acq", "aeb", "ajp", "apc", "apd", "afb", "ars":
		as = "ar"
	case "prs", "pes":
		as = "fa"
	case "hr", "bs", "cnr", "sh", "hbs":
		as = "sr-Latn"
	default:
		return tag
	}
	folded := language.Make(as)
	if script, confidence := tag.Script(); confidence == language.Exact && base.String() != "arb" {
		if explicit, err := language.Compose(folded, script); err == nil && strings.Contains(tag.String(), script.String()) {
			return explicit
		}
	}
	return folded
}

// forms are the languages that readers want in more than one form, by base.
var forms = sync.OnceValue(func() map[string]*form {
	found := map[string]*form{}
	for _, code := range All {
		if code == code.Base() {
			continue
		}
		codes := []Code{code.Base(), code}
		found[string(code.Base())] = &form{codes, language.NewMatcher([]language.Tag{language.Make(string(codes[0])), language.Make(string(code))})}
	}
	return found
})

type form struct {
	codes   []Code
	matcher language.Matcher
}

// formOf is the Code of a tag.
func formOf(tag language.Tag) Code {
	base, _ := tag.Base()
	of, several := forms()[base.String()]
	if !several {
		return Code(base.String())
	}
	_, index, _ := of.matcher.Match(tag)
	return of.codes[index]
}

// Base is the language of a code without its script and region: "zh" of "zh-Hant".
func (c Code) Base() Code {
	if end := strings.IndexByte(string(c), '-'); end >= 0 {
		return c[:end]
	}
	return c
}

// Reads reports whether a reader of c can read a text of another code as it is: both forms of Serbian and Portuguese are
// read by all who read one of them, those of Chinese are not.
func (c Code) Reads(text Code) bool {
	return c == text || c.Base() == text.Base() && c.Base() != "zh"
}

// Nearest finds what comes closest to a reader's wish among the languages on offer: the very form, else another form of
// the same language, never another language.
func (c Code) Nearest(offers func(Code) bool) (Code, bool) {
	if offers(c) {
		return c, true
	}
	if of, several := forms()[string(c.Base())]; several {
		for _, other := range of.codes {
			if other != c && offers(other) {
				return other, true
			}
		}
	}
	return "", false
}

// Known reports whether readers of c have strings of their own.
func (c Code) Known() bool {
	for _, known := range All {
		if c == known {
			return true
		}
	}
	return false
}

// RightToLeft reports whether c is written from right to left.
func (c Code) RightToLeft() bool {
	switch c.Base() {
	case "ar", "fa", "ur", "he", "ps", "ug", "yi", "sd", "dv":
		return true
	}
	return false
}

// Name is what readers of in call the language c ("French" in English, "francés" in Spanish). A
// language without a name there is shown by its code.
func (c Code) Name(in Code) string {
	if c != c.Base() && c.Known() {
		return String(in, "name_"+string(c))
	}
	namer := display.Languages(language.Make(string(in)))
	if namer == nil {
		namer = display.Languages(language.English)
	}
	if name := namer.Name(language.Make(string(c))); name != "" {
		return name
	}
	return string(c)
}

// ByName finds a language that a person has written: its code, or its name in any language of All
// ("es", "Spanish", "español", "西班牙语"). It reports false if nothing fits.
func ByName(text string) (Code, bool) {
	wanted := FoldCase(strings.TrimSpace(text))
	if wanted == "" {
		return "", false
	}
	if code, err := Parse(wanted); err == nil && code.Known() {
		return code, true
	}
	code, ok := names()[wanted]
	return code, ok
}

// names are the languages by what they are called anywhere, as FoldCase gives it.
var names = sync.OnceValue(func() map[string]Code {
	found := map[string]Code{"简体中文": "zh", "簡體中文": "zh", "简体": "zh", "正體中文": "zh-Hant", "繁體": "zh-Hant", "繁体": "zh-Hant",
		"dari": "fa", "دری": "fa", "português do brasil": "pt"}
	for _, code := range All {
		for _, in := range All {
			if name := FoldCase(code.Name(in)); found[name] == "" {
				found[name] = code
			}
		}
	}
	return found
})
