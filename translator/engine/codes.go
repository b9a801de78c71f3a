package engine

import (
	"context"
	"strings"
	"time"
	"unicode"

	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// spelled lists how services write what BCP 47 writes otherwise, or in several ways; the best first. What is not listed is
// written as it is. Without a variant, a service's own choice stands (for pt that is mostly Brazilian); sr is what our
// own words are written in.
var spelled = map[string][]string{
	"zh":      {"zh-hans", "zh-cn", "zh"},
	"zh-hans": {"zh-hans", "zh-cn", "zh"},
	"zh-hant": {"zh-hant", "zh-tw", "zht", "zt"},
	"pt":      {"pt", "pt-br", "pb", "pt-pt"},
	"pt-br":   {"pt-br", "pb", "pt"},
	"en":      {"en", "en-us", "en-gb"},
	"sr":      {"sr-cyrl", "sr"},
	"sr-cyrl": {"sr-cyrl", "sr"},
	"es":      {"es", "es-es", "es-419"},
	"fr":      {"fr", "fr-fr"},
	"id":      {"id", "in"},
	"he":      {"he", "iw"},
	"fa":      {"fa", "fa-ir"},
}

// tongues is what a service reads and writes: its own codes by their lower case.
type tongues struct {
	from, into map[string]string
}

func newTongues() *tongues {
	return &tongues{from: map[string]string{}, into: map[string]string{}}
}

func (t *tongues) reads(code string)  { t.from[strings.ToLower(code)] = code }
func (t *tongues) writes(code string) { t.into[strings.ToLower(code)] = code }

// find is the service's code for a BCP 47 tag, "" if it has none. A variant that is not offered gives way to its language,
// but not a form that readers choose for itself, such as traditional Chinese: who asks for it decides what may stand for it.
func find(offered map[string]string, tag string) string {
	tag = strings.ToLower(tag)
	candidates := spelled[tag]
	if candidates == nil {
		candidates = []string{tag}
	}
	for _, candidate := range candidates {
		if code, ok := offered[candidate]; ok {
			return code
		}
	}
	if code, err := language.Parse(tag); err == nil && code != code.Base() {
		return ""
	}
	if base, _, found := strings.Cut(tag, "-"); found {
		return find(offered, base)
	}
	return ""
}

// variants says in which variant of a language readers are written to: "pt-PT", "en-GB", "zh-Hant", "sr-Latn".
type variants map[language.Code]string

// parseVariants reads BCP 47 tags.
func parseVariants(tags []string) (variants, error) {
	v := variants{}
	for _, tag := range tags {
		code, err := language.Parse(tag)
		if err != nil {
			return nil, err
		}
		v[code.Base()] = tag
	}
	return v, nil
}

// of is the tag to write a language in.
func (v variants) of(code language.Code) string {
	if tag := v[code]; tag != "" {
		return tag
	}
	return string(code)
}

// spoken is the tag of a text's language: Serbian is told apart by its letters, since some services want to know.
func spoken(code language.Code, segments []protect.Segment) string {
	if code != "sr" {
		return string(code)
	}
	latin, cyrillic := 0, 0
	for _, segment := range segments {
		for _, r := range segment.Plain() {
			switch {
			case unicode.Is(unicode.Latin, r):
				latin++
			case unicode.Is(unicode.Cyrillic, r):
				cyrillic++
			}
		}
	}
	if latin > cyrillic {
		return "sr-Latn"
	}
	return "sr"
}

// offer keeps what a service says it reads and writes.
type offer struct{ *kept[*tongues] }

// failedOffer is how long a failure to get a list of languages is believed.
const failedOffer = 2 * time.Second

func newOffer(ask func(context.Context) (*tongues, error)) *offer {
	return &offer{newKept(failedOffer, ask)}
}

// offers reports a pair that the service has; until it has said, every pair may be tried.
func (o *offer) offers(from, to language.Code, v variants) bool {
	known, said := o.peek()
	if !said {
		return true
	}
	return from != to && find(known.from, string(from)) != "" && find(known.into, v.of(to)) != ""
}
