package check

// common are frequencies whose words also say other things ("per day", "daily life"). Where something is given they count like any
// other; elsewhere they answer, but are never missed.
var common = map[string]bool{"1/d": true, "q1h": true, "1/w": true, "1/mo": true}

// rates are the frequencies that a unit may hold instead: "2 g per day", "10 mL/h".
var rates = map[string]string{"1/d": "d", "q1h": "h", "1/w": "wk", "1/mo": "mo"}

// frequencies compares how often something is given.
func (c *comparison) frequencies() {
	free := c.unansweredFrequencies(c.target, c.source)
	for _, s := range c.unansweredFrequencies(c.source, c.target) {
		if t, rest, ok := takeLike(free, s); ok {
			c.found("frequency.changed", c.source.text(s), c.target.text(t))
			free = rest
		} else if !common[s.value] || c.orders() && !c.target.holdsRate(s) {
			c.found("frequency.missing", c.source.text(s), "")
		}
	}
	for _, t := range free {
		if !common[t.value] && !c.has("frequency") {
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
		if hasValue(y.frequencies, s.value) || (s.value == "prn" || common[s.value]) && c.tells() {
			continue
		}
		left = append(left, s)
	}
	return left
}

// takeLike takes the first of free that s may have become: "as needed" becomes no number of times.
func takeLike(free []span, s span) (taken span, rest []span, ok bool) {
	for i, t := range free {
		if (t.value == "prn") == (s.value == "prn") {
			return t, append(free[:i:i], free[i+1:]...), true
		}
	}
	return span{}, free, false
}

// holdsRate reports whether a unit, or a number of hours, says what a frequency does.
func (x *facts) holdsRate(s span) bool {
	for _, n := range x.numbers {
		if hasRate(n.unit, rates[s.value]) || s.value == "1/d" && n.unit == "h" && contains(n.values, "24") {
			return true
		}
	}
	return false
}
