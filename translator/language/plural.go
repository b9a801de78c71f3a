package language

import (
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// categories are the names that CLDR gives to the forms of a word after a number.
var categories = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// PluralCategory is the category of CLDR ("one", "few", "other", …) that a word after number has in the language c. The
// number is written in digits 0 to 9 with "." or "," before its decimals, its thousands apart as Number writes them; for anything
// else the answer is "other".
func PluralCategory(c Code, number string) string {
	whole, decimals, _ := strings.Cut(strings.ReplaceAll(withoutGroups.Replace(strings.TrimSpace(number)), ",", "."), ".")
	i, ok := digits(whole)
	f, okDecimals := digits(decimals)
	if !ok || !okDecimals || whole == "" {
		return "other"
	}
	bare := strings.TrimRight(decimals, "0")
	t, _ := digits(bare)
	form := plural.Cardinal.MatchPlural(language.Make(string(c)), i, len(decimals), len(bare), f, t)
	return categories[form]
}

// digits reads up to nine digits; more of them tell no other category.
func digits(text string) (int, bool) {
	text = text[max(0, len(text)-9):]
	value := 0
	for _, r := range text {
		if r < '0' || r > '9' {
			return 0, false
		}
		value = value*10 + int(r-'0')
	}
	return value, true
}

// PluralCategories lists the categories that a language has, "other" among them.
func PluralCategories(c Code) []string {
	return pluralCategories()[c]
}

// pluralCategories are found by asking for numbers, since the tables of CLDR cannot be listed.
var pluralCategories = sync.OnceValue(func() map[Code][]string {
	found := map[Code][]string{}
	for _, code := range All {
		seen := map[string]bool{"other": true}
		tag := language.Make(string(code))
		for i := range 200 {
			seen[categories[plural.Cardinal.MatchPlural(tag, i, 0, 0, 0, 0)]] = true
			seen[categories[plural.Cardinal.MatchPlural(tag, i%5, 1, 1, i%10, i%10)]] = true
		}
		for _, name := range []string{"zero", "one", "two", "few", "many", "other"} {
			if seen[name] {
				found[code] = append(found[code], name)
			}
		}
	}
	return found
})
