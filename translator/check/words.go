package check

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"medixchange/translator/language"
)

// wordFile is what data/words/<language>.yaml holds.
type wordFile struct {
	Decimal    string // "." or ",": the decimal mark that readers of the language expect
	habits     `yaml:",inline"`
	Drugs      declension          // of their names
	Numbers    map[string][]string // value → words; "both?" may also mean something else, or be left out
	Amounts    map[string][]string // value and unit → words that hold both ("half a tablet", Arabic duals)
	NoNumbers  []string            `yaml:"noNumbers"` // look like numbers in words, are none ("Monday" is "the second" in Arabic)
	Scales     map[string][]string // factor → words
	Months     []string            // twelve, "/" between alternatives
	Negation   negationWords
	Measured   measuredWords
	Left       leveled
	Right      leveled
	Faced      facedWords
	Clock      []string            // words beside a time, so that 8.30 is one
	OClock     []string            // words behind an hour, which say that it is a time and no length of time
	At         []string            // words before a time ("at 8 in the evening")
	Day        map[string][]string // am, pm, night, noon, midnight → words; "in the morning?" says so of an hour beside "at" alone
	Weekdays   []string            // seven from Monday, "/" between alternatives
	ShortDays  []string            `yaml:"shortDays"` // what else may name a weekday and may be another word ("Mon", "sat"); they answer one that is to be read back
	Tenths     []string            // words before a blood pressure that is told in centimetres ("TA 18/11")
	Ones       map[string][]string // unit of time → words for one of it that hold no number ("over an hour")
	Over       []string            // between the two, where they stand in such words: "14 over 9"
	Only       []string            // behind a number and in front of a negation that is none: Japanese しか, "no more than that"
	Share      []string            // words between the numbers of a share ("of" in "21 of 41")
	Contrast   []string            // words between two sides that are set against each other
	Raised     map[string][]string // what is added to a number → words in front of it that add it (Urdu "ساڑھے تین", three and a half)
	Half       []string            // words behind a number or its unit that add a half to it ("two and a half", 两片半)
	Ordinals   []string            // the singular of units, behind a number that takes another form: "3 день" is the third day
	DailyTimes bool                `yaml:"dailyTimes"` // "2x500 mg" is twice a day, and not two of them
	Dual       []string            // endings that say "two" of a noun
	Frequency  map[string][]string // canonical → phrases with {n}; "at night?" answers to one, and is never missed, "od@en" is no phrase of texts in other languages
	Per        map[string][]string // unit → words that make a rate of it ("hourly"); "unit" → words in front of any unit ("per"); "over an hour?" may be a rate
}

// habits are what a language does otherwise than most.
type habits struct {
	Accents      bool   // words differ by accents alone, which stay
	Separate     bool   // it writes no clitics onto a word, though it uses the Arabic script
	Reorders     bool   // it puts a clause before what it describes, so that numbers of different clauses change places
	YearFirst    bool   `yaml:"yearFirst"`    // a date goes from the year to the day
	MonthFirst   bool   `yaml:"monthFirst"`   // in a date with slashes the month may be the first
	YearBehind   bool   `yaml:"yearBehind"`   // no year stands before the name of its month
	DeniesBehind bool   `yaml:"deniesBehind"` // "not" stands behind what it denies
	HoursLast    bool   `yaml:"hoursLast"`    // an hour behind its number is a length of time, never a time of day
	VerbLast     bool   `yaml:"verbLast"`     // the verb stands last, and a "not" beside it
	AgeSign      string `yaml:"ageSign"`      // a capital behind an age, which says the sex and would be a unit
	CapitalNouns bool   `yaml:"capitalNouns"` // a capital makes no name
	NumberedDays bool   `yaml:"numberedDays"` // a word for a weekday is an ordinal: Monday is the second
	BareHalves   bool   `yaml:"bareHalves"`   // a unit and a half are one and a half with no number or article in front
	Elides       bool   // an article loses its vowel before one, and looks like a unit
	Era          era

	DoseLetters map[string]string `yaml:"doseLetters"` // capitals behind a number that are units where a drug is named, and elsewhere anything
}

// era is a count of years that is ahead of the common one.
type era struct {
	Since int // years from then on may be of this era; 0 for a language without one
	Ahead int // by how many years
}

// declension gives the endings of a noun by its last letter.
type declension struct {
	Consonant []string            // behind any other letter
	Last      map[string][]string // last letter → what takes its place
	Fixed     []string            // last letters of nouns that have one form
}

// facedWords tell that "the right one" is a side: they stand around it, behind a clause that says something of the left one.
type facedWords struct {
	Before []string // in front of it: the end of that clause, and an article
	One    []string // behind it, or nothing
	Says   []string // behind that, and behind the first side: "is", "looks"
}

// leveled is a list of words by how certain they are.
type leveled struct {
	Sure   []string // always this
	Maybe  []string // may answer to a sure one, proves nothing by itself
	Ignore []string // looks like one, is none
}

// negationWords are the words that say "not", by how they say it.
type negationWords struct {
	Sure           []string // "not", "no", "without": each counts
	Concord        []string // repeat the negation of their clause (Spanish "nunca" beside "no"), else count
	Accented       []string // those of concord that without their accent are another word (Italian "né" is "nor", "ne" is "of it")
	Opposite       []string // turn one word ("ineffective"); other languages may need a "not" for it
	Weak           []string // say it otherwise ("avoid", "instead of"); answer to a "not", prove nothing
	Faint          []string // lack something or are far from it ("shortage", "unlike"); weak where nothing is ordered, else nothing
	Inside         []string // parts of words that count as sure (Turkish says "not" inside the verb)
	InsideUnless   []string // words behind such a word that make it none ("-meden önce" is "before")
	InsideOpposite []string // parts of words that count as opposite ("painless")
	Ignore         []string // looks like one, is none
	Doubled        []string // are other words where the sign for a doubled letter is on them (غيّر, "change"), which folding leaves out
	// Common tells that words with the opposite meaning are so common, and so often put otherwise, that in a long text only
	// the plain negations prove anything.
	Common bool
}

// wordRules are the words of one language.
type wordRules struct {
	habits
	declension    declension
	commaDecimal  bool
	numbers       lexicon // numbers, months, scales
	words         lexicon // negation, sides
	frequency     lexicon
	opposites     lexicon
	routes        lexicon
	signs         lexicon // words for a sign of a number
	clock         lexicon
	oclock, at    lexicon
	calendar      lexicon // parts of the day, weekdays, and what makes a rate of a unit
	shortDays     lexicon // what may be a weekday
	share         lexicon
	tenths        lexicon
	ones          lexicon
	over          []string // folded
	only          []string // folded
	contrast      lexicon
	facedBefore   lexicon
	facedOne      lexicon
	facedSays     lexicon
	half          lexicon
	raised        lexicon
	ordinals      lexicon
	dailyTimes    bool     // "2x500 mg" is twice a day
	doses         lexicon  // words for what is given
	roles         lexicon  // beside a drug that is given up
	together      []string // between the items of a list
	conditions    lexicon  // "if", "unless"
	reasons       lexicon  // before a reason, a condition, or what another drug is added to
	givenUp       []string // ends of its own word, folded
	conditionEnds []string // folded
	dual          []string // folded
	inside        []wordPart
	insideUnless  []string // folded
	doubled       []string // folded
	measured      measuredWords
	common        bool // opposites prove nothing in long texts
}

func (r *rules) loadWords() error {
	for _, code := range language.Bases {
		var file wordFile
		name := "words/" + string(code) + ".yaml"
		if err := readYAML(name, &file); err != nil {
			return err
		}
		if err := r.fault(file); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.words[code] = newWordRules(file)
	}
	return nil
}

// fault says what is wrong with a file of words, nil for nothing.
func (r *rules) fault(file wordFile) error {
	switch {
	case file.Decimal != "." && file.Decimal != ",":
		return fmt.Errorf("the decimal mark is a point or a comma, not %q", file.Decimal)
	case len(file.Months) != 12 && len(file.Months) != 0: // Korean numbers them
		return fmt.Errorf("a year has 12 months, not %d", len(file.Months))
	case len(file.Weekdays) != 7:
		return fmt.Errorf("a week has 7 days, not %d", len(file.Weekdays))
	case len(file.ShortDays) != 7 && len(file.ShortDays) != 0: // Chinese shortens none
		return fmt.Errorf("a week has 7 days, not %d", len(file.ShortDays))
	case file.Era.Since > 0 && file.Era.Ahead <= 0:
		return errors.New("an era needs the years that it is ahead")
	case len(file.Negation.Sure) == 0, len(file.Left.Sure) == 0, len(file.Right.Sure) == 0:
		return errors.New("negation, left and right need sure words")
	}
	for value := range file.Numbers {
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return fmt.Errorf("numbers: %q is no number", value)
		}
	}
	for share := range file.Raised {
		if _, err := strconv.ParseFloat(share, 64); err != nil {
			return fmt.Errorf("raised: %q is no number", share)
		}
	}
	for factor := range file.Scales {
		if strings.Trim(factor, "0") != "1" {
			return fmt.Errorf("scales: %q is no power of ten", factor)
		}
	}
	for value := range file.Frequency {
		if _, known := r.frequencies[value]; !known {
			return fmt.Errorf("frequency: %q is not in frequencies.yaml", value)
		}
	}
	for value := range r.frequencies {
		if len(file.Frequency[value]) == 0 && !r.frequencies[value].Rare {
			return fmt.Errorf("frequency: %q has no words", value)
		}
	}
	for unit := range file.Per {
		if _, known := r.units[unit]; !known && unit != perUnit {
			return fmt.Errorf("per: %q is not in units.yaml", unit)
		}
	}
	for letter, unit := range file.DoseLetters {
		if _, known := r.units[unit]; !known {
			return fmt.Errorf("doseLetters: %s: %q is not in units.yaml", letter, unit)
		}
	}
	for unit := range file.Ones {
		if !r.units[unit].Time {
			return fmt.Errorf("ones: %q is no unit of time in units.yaml", unit)
		}
	}
	for part := range file.Day {
		if !slices.Contains(dayParts, part) {
			return fmt.Errorf("day: %q is none of %v", part, dayParts)
		}
	}
	return nil
}

func newWordRules(file wordFile) *wordRules {
	w := &wordRules{habits: file.habits, declension: file.Drugs, commaDecimal: file.Decimal == ",", dailyTimes: file.DailyTimes}
	w.over, w.only = foldedWords(file.Over, file.Accents), foldedWords(file.Only, file.Accents)
	for _, l := range w.lexicons() {
		l.accents, l.separate = file.Accents, file.Separate
	}
	for value, words := range file.Numbers {
		for _, word := range words {
			word, vague := strings.CutSuffix(word, "?")
			w.numbers.add(word, entry{group: "number", value: value, sure: !vague})
		}
	}
	for amount, words := range file.Amounts {
		for _, word := range words {
			w.numbers.add(word, entry{group: "amount", value: amount, sure: true})
		}
	}
	for value, words := range file.Scales {
		for _, word := range words {
			w.numbers.add(word, entry{group: "scale", value: value})
		}
	}
	for _, word := range file.NoNumbers {
		w.numbers.add(word, entry{group: "number", ignore: true})
	}
	for i, names := range file.Months {
		for _, name := range strings.Split(names, "/") {
			w.numbers.add(name, entry{group: "month", value: strconv.Itoa(i + 1)})
		}
	}
	w.addClock(file)
	for _, list := range []struct {
		into  *lexicon
		group string
		words []string
	}{
		{&w.share, "share", file.Share}, {&w.contrast, "contrast", file.Contrast}, {&w.half, "half", file.Half}, {&w.ordinals, "ordinal", file.Ordinals},
		{&w.facedBefore, "faced", file.Faced.Before}, {&w.facedOne, "faced", file.Faced.One}, {&w.facedSays, "faced", file.Faced.Says},
	} {
		for _, word := range list.words {
			list.into.add(word, entry{group: list.group, sure: true})
		}
	}
	for share, words := range file.Raised {
		for _, word := range words {
			w.raised.add(word, entry{group: "raised", value: share, sure: true})
		}
	}
	for _, ending := range file.Dual {
		w.dual = append(w.dual, foldedString(ending))
	}
	w.addLeveled("left", file.Left)
	w.addLeveled("right", file.Right)
	w.addNegation(file.Negation)
	w.measured = file.Measured.folded()
	for value, patterns := range file.Frequency {
		for _, pattern := range patterns {
			pattern, vague := strings.CutSuffix(pattern, "?")
			pattern, only, _ := strings.Cut(pattern, "@")
			w.frequency.add(pattern, entry{group: frequencyGroup, value: value, sure: !vague, only: language.Code(only)})
		}
	}
	for value, words := range file.Per {
		for _, word := range words {
			word, vague := strings.CutSuffix(word, "?")
			w.calendar.add(word, entry{group: perGroup, value: value, sure: !vague})
		}
	}
	return w
}

// lexicons are all the lists of words of the language.
func (w *wordRules) lexicons() []*lexicon {
	return []*lexicon{&w.numbers, &w.words, &w.frequency, &w.opposites, &w.routes, &w.signs, &w.clock, &w.oclock, &w.at, &w.calendar, &w.shortDays, &w.tenths, &w.ones, &w.share, &w.contrast, &w.facedBefore, &w.facedOne, &w.facedSays, &w.half, &w.raised, &w.ordinals, &w.doses, &w.roles, &w.conditions, &w.reasons}
}

func (w *wordRules) addClock(file wordFile) {
	for _, list := range []struct {
		into  *lexicon
		words []string
	}{{&w.clock, file.Clock}, {&w.oclock, file.OClock}, {&w.at, file.At}, {&w.tenths, file.Tenths}} {
		for _, word := range list.words {
			list.into.add(word, entry{group: "clock", sure: true})
		}
	}
	for unit, words := range file.Ones {
		for _, word := range words {
			w.ones.add(word, entry{group: "one", value: unit, sure: true})
		}
	}
	for part, words := range file.Day {
		for _, word := range words {
			word, vague := strings.CutSuffix(word, "?")
			w.calendar.add(word, entry{group: part, sure: !vague})
		}
	}
	w.calendar.addWeekdays(file.Weekdays)
	w.shortDays.addWeekdays(file.ShortDays)
}

// addWeekdays puts the names of seven days into the lexicon.
func (l *lexicon) addWeekdays(days []string) {
	for i, names := range days {
		for _, name := range strings.Split(names, "/") {
			l.add(name, entry{group: weekday, value: strconv.Itoa(i + 1), sure: true})
		}
	}
}

func (w *wordRules) addLeveled(group string, list leveled) {
	for _, word := range list.Sure {
		w.words.add(word, entry{group: group, sure: true})
	}
	for _, word := range list.Maybe {
		w.words.add(word, entry{group: group})
	}
	for _, word := range list.Ignore {
		w.words.add(word, entry{group: group, ignore: true})
	}
}

func (w *wordRules) addNegation(list negationWords) {
	for _, tier := range []struct {
		group string
		sure  bool
		words []string
	}{{negated, true, list.Sure}, {concord, true, list.Concord}, {opposed, false, list.Opposite}, {weakened, false, list.Weak}, {faint, false, list.Faint}} {
		for _, word := range tier.words {
			w.words.add(word, entry{group: tier.group, sure: tier.sure})
		}
	}
	for _, word := range list.Accented {
		w.words.add(word, entry{group: concord, value: onlyAccented, sure: true})
	}
	for _, word := range list.Ignore {
		w.words.add(word, entry{group: negated, ignore: true})
	}
	for _, part := range list.Inside {
		w.inside = append(w.inside, wordPart{foldFor(part, w.Accents).runes, negated})
	}
	for _, part := range list.InsideOpposite {
		w.inside = append(w.inside, wordPart{foldFor(part, w.Accents).runes, opposed})
	}
	w.common = list.Common
	w.insideUnless = foldedWords(list.InsideUnless, w.Accents)
	w.doubled = foldedWords(list.Doubled, w.Accents)
}

// digitsPoint and digitsComma are rules without words, for numbers in digits. Rules are large, and nobody changes them.
var digitsPoint, digitsComma = &wordRules{}, &wordRules{commaDecimal: true}

// wordsOf are the words of a language; one without a file has none.
func wordsOf(code language.Code) *wordRules {
	if w, ok := loaded().words[code.Base()]; ok {
		return w
	}
	return digitsPoint
}

// plainRules are the rules of a language for numbers in digits alone.
func plainRules(code language.Code) *wordRules {
	if wordsOf(code).commaDecimal {
		return digitsComma
	}
	return digitsPoint
}
