package phrases

import (
	"fmt"
	"slices"
	"strings"

	"medixchange/internal/pattern"
	"medixchange/translator/language"
)

// choice is a word of a form that agrees with the number in {n}: "[one:day|days]". The categories are those of CLDR; the
// last alternative, without a category, is for all others.
var choice = pattern.Lazy(`\[([^\]]*)\]`)

// alternatives are what one choice offers, by category; "" is for all others.
func alternatives(inside string) map[string]string {
	found := map[string]string{}
	for _, part := range strings.Split(inside, "|") {
		category, word, named := strings.Cut(part, ":")
		if !named {
			category, word = "", part
		}
		found[category] = word
	}
	return found
}

// wordingFor writes a form as a category of its number wants it.
func wordingFor(form, category string) string {
	return choice().ReplaceAllStringFunc(form, func(brackets string) string {
		words := alternatives(brackets[1 : len(brackets)-1])
		if word, ok := words[category]; ok {
			return word
		}
		return words[""]
	})
}

// Wording writes a form as it reads with a number in {n}, which stays open.
func Wording(form string, code language.Code, number string) string {
	return wordingFor(form, language.PluralCategory(code, number))
}

// wordings are all texts that a form stands for: people write "1 days" and "2 day", and mean the same.
func wordings(form string) []string {
	if !strings.Contains(form, "[") {
		return []string{form}
	}
	var found []string
	for _, category := range []string{"", "zero", "one", "two", "few", "many"} {
		if wording := wordingFor(form, category); !slices.Contains(found, wording) {
			found = append(found, wording)
		}
	}
	return found
}

// checkChoices refuses a choice that nobody can make: without a number, without a word for other numbers, or for a
// category that the language has not.
func checkChoices(form string, code language.Code) error {
	for _, found := range choice().FindAllStringSubmatch(form, -1) {
		words := alternatives(found[1])
		if words[""] == "" || len(words) < 2 {
			return fmt.Errorf("choice %s has no word for other numbers", found[0])
		}
		if !strings.Contains(form, "{n}") {
			return fmt.Errorf("choice %s has no {n} to agree with", found[0])
		}
		for category := range words {
			if category != "" && !slices.Contains(language.PluralCategories(code), category) {
				return fmt.Errorf("choice %s: %s has no category %s", found[0], code, category)
			}
		}
	}
	return nil
}
