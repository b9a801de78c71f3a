package language

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Code is a language as BCP 47 names it, reduced to its primary subtag in lower case ("zh", "en").
// The empty Code means "not known".
type Code string

// Chat lists the languages of the programme; the phrase memory covers every pair of them.
var Chat = []Code{"zh", "en", "ar", "id", "fr", "ja", "ru", "es", "th", "tr", "vi"}

// All lists every language that has strings for readers: Chat and eight more.
var All = append(append([]Code{}, Chat...), "it", "de", "fa", "sr", "pt", "ko", "ur", "nl")

// Parse reads a BCP 47 tag or an ISO 639 code ("zh-Hans-CN", "eng", "pt_BR") and keeps its language.
// It fails for what is no well-formed tag or names no language.
func Parse(tag string) (Code, error) {
	parsed, err := language.Parse(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	if err != nil {
		return "", fmt.Errorf("language tag %q: %w", tag, err)
	}
	base, confidence := parsed.Base()
	if confidence == language.No || strings.HasPrefix(strings.ToLower(parsed.String()), "und") {
		return "", fmt.Errorf("language tag %q names no language", tag)
	}
	return fold(Code(base.String())), nil
}

// fold maps codes that mean the same written language for us onto one of them.
func fold(c Code) Code {
	switch c {
	case "cmn", "yue":
		return "zh"
	case "in":
		return "id"
	case "pes", "prs":
		return "fa"
	case "arb", "arz", "apc", "ajp", "acm", "ary", "aeb", "acq", "afb", "ars":
		return "ar"
	case "hr", "bs", "sh", "hbs":
		return "sr"
	}
	return c
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
	switch c {
	case "ar", "fa", "ur", "he", "ps", "ug", "yi", "sd", "dv":
		return true
	}
	return false
}

// Name is what readers of in call the language c ("French" in English, "francés" in Spanish). A
// language without a name there is shown by its code.
func (c Code) Name(in Code) string {
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
	wanted := strings.ToLower(strings.TrimSpace(text))
	if wanted == "" {
		return "", false
	}
	if code, err := Parse(wanted); err == nil && code.Known() {
		return code, true
	}
	for _, code := range All {
		for _, in := range All {
			if strings.EqualFold(code.Name(in), wanted) {
				return code, true
			}
		}
	}
	return "", false
}
