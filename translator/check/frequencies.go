package check

import (
	"fmt"
	"strings"
)

// frequency is how often something is given, as data/frequencies.yaml has it.
type frequency struct {
	Frequency string
	Per       string // the unit that a rate may have instead: "2 g per day", "10 mL/h"
	Hours     string // a number of hours that says the same
	// Vague frequencies have words that also say other things ("per day", "daily life"). Where something is given they count like any
	// other; elsewhere they answer, but are never missed.
	Vague     bool
	Condition bool     // it says when, not how often
	Rare      bool     // not every language has words for it
	Also      []string // other names of the same rhythm
}

func (r *rules) loadFrequencies() error {
	var list []frequency
	if err := readYAML("frequencies.yaml", &list); err != nil {
		return err
	}
	for _, f := range list {
		if _, known := r.units[f.Per]; f.Per != "" && !known {
			return fmt.Errorf("frequencies.yaml: %s: %q is not in units.yaml", f.Frequency, f.Per)
		}
		if _, twice := r.frequencies[f.Frequency]; twice || f.Frequency == "" {
			return fmt.Errorf("frequencies.yaml: %q is there twice or has no name", f.Frequency)
		}
		r.frequencies[f.Frequency] = f
		for _, name := range f.Also {
			r.sameRhythm[name] = f.Frequency
		}
	}
	return nil
}

// frequencyOf is what is known of a frequency, by its value; "5/d" is one of "{n}/d", "q4h" of "q{n}h".
func frequencyOf(value string) frequency {
	known := loaded().frequencies
	if f, ok := known[value]; ok {
		return f
	}
	if _, per, ok := strings.Cut(value, "/"); ok {
		return known["{n}/"+per]
	}
	if n, ok := strings.CutSuffix(value, "h"); ok && strings.HasPrefix(n, "q") {
		return known["q{n}h"]
	}
	return frequency{}
}

// frequencies compares how often something is given.
func (c *comparison) frequencies() {
	free := c.unansweredFrequencies(c.target, c.source)
	for _, s := range c.unansweredFrequencies(c.source, c.target) {
		if t, rest, ok := takeLike(free, s); ok {
			c.found("frequency.changed", c.source.text(s), c.target.text(t))
			free = rest
		} else if !frequencyOf(s.value).Vague || c.orders() && !c.target.holdsRate(s) {
			c.found("frequency.missing", c.source.text(s), "")
		}
	}
	for _, t := range free {
		if !frequencyOf(t.value).Vague && !c.has("frequency") {
			c.found("frequency.added", "", c.target.text(t))
		}
	}
	if !c.has("frequency") {
		c.exchanged("frequency.order", c.source.frequencies, c.target.frequencies)
	}
}

// unansweredFrequencies are those of x that y does not have.
func (c *comparison) unansweredFrequencies(x, y *facts) []span {
	var left []span
	for _, s := range x.frequencies {
		if hasValue(y.frequencies, s.value) || hasValue(y.maybeFrequencies, s.value) {
			continue
		}
		if f := frequencyOf(s.value); (f.Condition || f.Vague) && c.tells() {
			continue
		}
		left = append(left, s)
	}
	return left
}

// takeLike takes the first of free that s may have become: "as needed" becomes no number of times.
func takeLike(free []span, s span) (taken span, rest []span, ok bool) {
	for i, t := range free {
		if frequencyOf(t.value).Condition == frequencyOf(s.value).Condition {
			return t, append(free[:i:i], free[i+1:]...), true
		}
	}
	return span{}, free, false
}

// holdsRate reports whether a unit, or a number of hours, says what a frequency does.
func (x *facts) holdsRate(s span) bool {
	f := frequencyOf(s.value)
	for _, n := range x.numbers {
		if hasRate(n.unit, f.Per) || f.Hours != "" && n.unit == "h" && contains(n.values, f.Hours) {
			return true
		}
	}
	return false
}
