package check

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// caseTopics are the findings of which every language has a case.
var caseTopics = []string{"number", "unit", "decimal", "frequency", "route", "side", "negation", "drug"}

// TestEveryRuleHasItsCases: each finding, each route, frequency, unit, opposite, sign, part of the day, weekday, month and way to say "not",
// and each language in what matters most, has a case with a right and a wrong translation. What a case is about is read from what the
// checks make of it, and the list of rules from the data.
func TestEveryRuleHasItsCases(t *testing.T) {
	missing := everyRule(t)
	for _, c := range ruleCases(t) {
		if c.Right == "" || c.Wrong == "" {
			continue
		}
		for _, rule := range c.rules() {
			delete(missing, rule)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("no case with a right and a wrong translation: %s", rule)
	}
}

// everyRule lists the rules by name.
func everyRule(t *testing.T) map[string]bool {
	t.Helper()
	rules := map[string]bool{}
	for _, finding := range ownFindings(t) {
		rules["finding "+finding] = true
	}
	var routes, opposites, signs map[string]any
	require.NoError(t, readYAML("routes.yaml", &routes))
	require.NoError(t, readYAML("opposites.yaml", &opposites))
	require.NoError(t, readYAML("signs.yaml", &signs))
	for kind, named := range map[string]map[string]any{"route ": routes, "opposite ": opposites, "sign ": signs} {
		for name := range named {
			rules[kind+strings.TrimRight(name, "?!")] = true
		}
	}
	known := loaded()
	for name := range known.units {
		rules["unit "+name] = true
	}
	for name, f := range known.frequencies {
		if !f.Rare {
			rules["frequency "+name] = true
		}
	}
	for _, part := range dayParts {
		rules["part of the day "+part] = true
	}
	for i := range 7 {
		rules["weekday "+strconv.Itoa(i+1)] = true
	}
	for i := range 12 {
		rules["month "+strconv.Itoa(i+1)] = true
	}
	for _, kind := range []string{negated, opposed, weakened, faint} {
		rules["not as "+kind] = true
	}
	for _, code := range language.All {
		for _, topic := range caseTopics {
			rules[topic+" in "+string(code)] = true
		}
	}
	return rules
}

// ownFindings are the rows of the table that this package makes.
func ownFindings(t *testing.T) (names []string) {
	t.Helper()
	var table []struct{ Finding, Verdict, By string }
	require.NoError(t, readYAML("verdicts.yaml", &table))
	for _, row := range table {
		if row.By == "" {
			names = append(names, row.Finding)
		}
	}
	return names
}

// rules names what a case is about.
func (c *ruleCase) rules() (names []string) {
	source, right := extract(c.Say, c.from), extract(c.Right, c.to)
	for _, finding := range strings.Fields(c.Gives)[1:] {
		names = append(names, "finding "+finding)
	}
	for _, topic := range caseTopics {
		if c.gives(topic + ".") {
			names = append(names, topic+" in "+string(c.from), topic+" in "+string(c.to))
		}
	}
	if c.gives("route.") {
		for _, r := range routesIn(source, c.from) {
			names = append(names, "route "+r.value)
		}
	}
	if c.gives("frequency.") {
		for _, s := range source.frequencies {
			names = append(names, "frequency "+frequencyOf(s.value).Frequency)
		}
	}
	if c.gives("negation.opposite") {
		for _, s := range source.concepts(c.from, true) {
			names = append(names, "opposite "+s.concept)
		}
	}
	names = append(names, c.amounts(source)...)
	names = append(names, c.calendar(source)...)
	return append(names, c.negations(source, right)...)
}

// amounts names the units and the signs of the numbers of a case.
func (c *ruleCase) amounts(source *facts) (names []string) {
	if c.gives("number.bound") && slices.ContainsFunc(wordsOf(c.from).signs.all(source.f.runes), func(m match) bool { return m.entries[0].value == rangeStart }) {
		names = append(names, "sign "+rangeStart)
	}
	for _, n := range source.numbers {
		if c.gives("unit.", "dose.", "decimal.", "number.changed", "number.missing") {
			for _, part := range strings.Split(n.unit, "/") {
				names = append(names, "unit "+part)
			}
		}
		if s := source.signOf(n); c.gives("number.bound", "number.turned") {
			names = append(names, "sign "+s.bound)
		} else if c.gives("number.minus") {
			names = append(names, "sign "+source.ownSign(n, source.ownSigns(wordsOf(c.from))))
		}
		if n.month && c.gives("date.", "number.") {
			names = append(names, "month "+n.values[0])
		}
	}
	return names
}

func (c *ruleCase) calendar(source *facts) (names []string) {
	if !c.gives("date.") {
		return nil
	}
	for _, s := range source.weekdays {
		names = append(names, "weekday "+s.value)
	}
	for _, m := range wordsOf(c.from).calendar.all(source.f.runes) {
		names = append(names, "part of the day "+m.entries[0].group)
	}
	return names
}

// negations names how one side says "not"; where it says it weakly, the other one does so plainly.
func (c *ruleCase) negations(source, right *facts) (names []string) {
	if !c.gives("negation.") {
		return nil
	}
	for _, x := range []*facts{source, right} {
		for kind, spans := range map[string][]span{negated: x.negations, opposed: x.opposites, weakened: x.weak, faint: x.faint} {
			if len(spans) > 0 {
				names = append(names, "not as "+kind)
			}
		}
	}
	return names
}
