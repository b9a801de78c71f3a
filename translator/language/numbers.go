package language

import (
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// thinSpace parts the thousands where the language's own separator is the decimal mark of others.
const thinSpace = "\u202f"

// separators turns those of CLDR that can be misread into a space: "12,345" is twelve thousand in English and twelve and a bit in
// Spanish, and one room reads both.
var separators = strings.NewReplacer(",", thinSpace, ".", thinSpace, "’", thinSpace, "٬", thinSpace)

// Number writes a count for readers of c: grouped as CLDR has it for the language, by its own separator where that is a space, else
// by a narrow one, which nobody takes for a decimal mark. Four digits stand together everywhere. The digits are 0 to 9: every
// clinician knows them, and those who write Arabic do not all use the same others.
func Number(c Code, n int) string {
	if -10_000 < n && n < 10_000 {
		return strconv.Itoa(n)
	}
	tag, err := language.Make(string(c)).SetTypeForKey("nu", "latn")
	if err != nil {
		return strconv.Itoa(n)
	}
	return separators.Replace(message.NewPrinter(tag).Sprint(number.Decimal(n)))
}

// withoutGroups takes the separators of Number out of a number.
var withoutGroups = strings.NewReplacer(thinSpace, "", "\u00a0", "")
