package check

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"medixchange/translator/language"
)

// Compare checks a translation against its source, segment by segment where both have as many, and
// says what is doubtful.
func Compare(source, translation []string, from, to language.Code) Report {
	if len(source) != len(translation) {
		source, translation = []string{strings.Join(source, "\n")}, []string{strings.Join(translation, "\n")}
	}
	c := &comparison{from: from, to: to}
	for i := range source {
		c.segment(source[i], translation[i])
	}
	c.form(strings.Join(source, "\n"), strings.Join(translation, "\n"))
	return c.report()
}

// Finding gives the verdict of the table for one finding that another part made, such as
// "placeholder.missing" or "unknown.some".
func Finding(name string) Verdict { return loaded().verdicts[name] }

// comparison collects findings.
type comparison struct {
	from, to language.Code
	source   *facts
	target   *facts
	paired   []*candidate // the numbers of the source's segment, with their partners
	told     []string     // drugs of the segment of which something else tells that they stand in the place of no other
	findings []finding
}

type finding struct {
	name   string // row of the table of verdicts: code.change
	reason Reason
}

func (c *comparison) found(name, original, translation string) {
	code, _, _ := strings.Cut(name, ".")
	f := finding{name, Reason{Code: code, Original: original, Translation: translation}}
	if !slices.Contains(c.findings, f) { // both halves of a concentration are shown as the whole
		c.findings = append(c.findings, f)
	}
}

// has reports whether there is a finding of a code already.
func (c *comparison) has(code string) bool {
	return slices.ContainsFunc(c.findings, func(f finding) bool { return f.reason.Code == code })
}

func (c *comparison) report() Report {
	sort.SliceStable(c.findings, func(i, j int) bool {
		return loaded().order[c.findings[i].name] < loaded().order[c.findings[j].name]
	})
	report := Report{Verdict: Pass}
	for _, f := range c.findings {
		report.Verdict = Worse(report.Verdict, loaded().verdicts[f.name])
		report.Reasons = append(report.Reasons, f.reason)
	}
	return report
}

func (c *comparison) segment(source, translation string) {
	c.source, c.target, c.told = extract(source, c.from), extract(translation, c.to), nil
	if c.source.crowded || c.target.crowded {
		c.found("number.many", "", "")
	}
	if c.source.manyNegations || c.target.manyNegations {
		c.found("negation.many", "", "")
	}
	if !hasWords(c.from) || !hasWords(c.to) {
		c.neutral()
		return
	}
	c.joinRhythms()
	c.pressures()
	c.days()
	c.numbers()
	c.concentrations()
	c.signs()
	c.oneTimes()
	if c.order(); !c.has("dose") {
		c.numberOrder()
	}
	if !c.has("dose") && !c.has("number") {
		c.numbersSwapped()
	}
	c.clock()
	c.drugs()
	c.roles()
	c.frequencies()
	c.schemes()
	c.routes()
	c.negations()
	c.opposites()
	c.wholeConcepts()
	c.unless()
	c.denied()
	c.notBut()
	c.drugOrder()
	c.sides()
}

// pressures compares pairs such as 120/80.
func (c *comparison) pressures() {
	for i, s := range c.source.pressures {
		if hasValue(c.target.pressures, s.value) {
			continue
		}
		if i < len(c.target.pressures) {
			c.found("blood_pressure.changed", c.source.text(s), c.target.text(c.target.pressures[i]))
		} else if turned, ok := c.target.pairWith(s); ok {
			c.found("blood_pressure.changed", c.source.text(s), c.target.text(turned))
		} else if !c.hasPressureNumbers(s) {
			c.found("blood_pressure.missing", c.source.text(s), "")
		}
	}
}

// pairWith finds a pair that holds one of the numbers of a blood pressure, such as 80/120 for 120/80.
func (x *facts) pairWith(pressure span) (span, bool) {
	upper, lower, _ := strings.Cut(pressure.value, "/")
	for i := 0; i+1 < len(x.numbers); i++ {
		a, b := x.numbers[i], x.numbers[i+1]
		if b.from == a.to+1 && x.f.at(a.to) == '/' && (contains(b.values, upper) || contains(a.values, lower)) {
			return span{a.from, b.unitTo, ""}, true
		}
	}
	return span{}, false
}

// hasPressureNumbers reports whether both numbers of a pair are there in another form ("120 mmHg
// systolic and 80 diastolic").
func (c *comparison) hasPressureNumbers(s span) bool {
	upper, lower, _ := strings.Cut(s.value, "/")
	return c.target.hasNumber(upper) && c.target.hasNumber(lower)
}

func (x *facts) hasNumber(value string) bool {
	for _, n := range x.numbers {
		if contains(n.values, value) {
			return true
		}
	}
	return false
}

func hasValue(spans []span, value string) bool {
	for _, s := range spans {
		if s.value == value {
			return true
		}
	}
	return false
}

// drugDifferences lists the drugs that only one side names, in their order.
func (c *comparison) drugDifferences() (missing, added []span) {
	source, target := distinct(c.source.drugs), distinct(c.target.drugs)
	for value, s := range source {
		if _, ok := target[value]; !ok && !c.drugVerbatim(s) && !c.target.names(value, c.source) && !sharesKind(value, source, target) {
			missing = append(missing, s)
		}
	}
	for value, s := range target {
		if _, ok := source[value]; !ok && !c.drugInSource(s) && !c.source.names(value, c.target) && !sharesKind(value, source, target) {
			added = append(added, s)
		}
	}
	sortSpans(missing)
	sortSpans(added)
	return missing, added
}

// sharesKind reports whether both sides name a drug of which a name is the first word: who has said "insulin glargine" may go on with
// "the insulin".
func sharesKind(name string, source, target map[string]span) bool {
	for drug := range source {
		if _, ok := target[drug]; ok && strings.HasPrefix(drug, name+" ") {
			return true
		}
	}
	return false
}

// drugs compares which drugs are named.
func (c *comparison) drugs() {
	missing, added := c.drugDifferences()
	for len(missing) > 0 && len(added) > 0 {
		c.found("drug.changed", c.source.text(missing[0]), c.target.text(added[0]))
		missing, added = missing[1:], added[1:]
	}
	for _, s := range missing {
		c.found("drug.missing", c.source.text(s), "")
	}
	for _, s := range added {
		c.found("drug.added", "", c.target.text(s))
	}
}

// drugVerbatim reports whether a drug of the source stands in the translation as it was written.
func (c *comparison) drugVerbatim(s span) bool {
	return strings.Contains(c.target.f.text, c.source.text(s))
}

// drugInSource reports the same the other way round.
func (c *comparison) drugInSource(s span) bool {
	return strings.Contains(c.source.f.text, c.target.text(s))
}

func distinct(spans []span) map[string]span {
	found := make(map[string]span, len(spans))
	for _, s := range spans {
		if _, ok := found[s.value]; !ok {
			found[s.value] = s
		}
	}
	return found
}

func sortSpans(spans []span) {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
}

// tells reports a source that orders nothing: there "if needed" says nothing about a treatment.
func (c *comparison) tells() bool {
	return !c.orders() && len(c.source.f.runes) > loaded().limits.Negation.Order
}

func first(spans []span, value string) (span, bool) {
	for _, s := range spans {
		if s.value == value {
			return s, true
		}
	}
	return span{}, false
}

func contains(values []string, value string) bool {
	for _, v := range values {
		if v == value {
			return true
		}
	}
	return false
}

// float reads a canonical decimal.
func float(value string) float64 {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

// powerOfTen reports whether two different values differ only by where the decimal mark is.
func powerOfTen(a, b string) bool {
	x, y := float(a), float(b)
	if x <= 0 || y <= 0 || near(x, y) {
		return false
	}
	exponent := math.Log10(x / y)
	whole := math.Abs(math.Round(exponent))
	return math.Abs(exponent-math.Round(exponent)) < 1e-9 && whole > 0 && whole < 7
}
