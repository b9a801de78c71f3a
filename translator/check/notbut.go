package check

import "slices"

// notBut notices "not 5 mg but 2.5 mg" that became "not 2.5 mg but 5 mg", and the same of two drugs: each text denies one, and it is another one.
func (c *comparison) notBut() {
	if s, t, ok := bothDeny(c.source, c.target, (*facts).numberSpans); ok && !c.has("number") && !c.has("dose") && c.partnersElsewhere(s, t) {
		c.found("number.order", c.source.text(s), c.target.text(t))
	}
	if s, t, ok := bothDeny(c.source, c.target, func(x *facts) []span { return x.drugs }); ok && !c.has("drug") && s.value != t.value {
		c.found("drug.order", c.source.text(s), c.target.text(t))
	}
}

// bothDeny gives what each of two texts denies of some things, if that is one of several.
func bothDeny(x, y *facts, things func(*facts) []span) (inX, inY span, ok bool) {
	inX, ok = x.onlyDenied(things(x))
	if !ok {
		return span{}, span{}, false
	}
	inY, ok = y.onlyDenied(things(y))
	return inX, inY, ok
}

// onlyDenied gives the one of several things that "not" stands beside.
func (x *facts) onlyDenied(things []span) (denied span, ok bool) {
	nots := x.negations
	if wordsOf(x.f.lang).DeniesBehind { // 아니라
		nots = slices.Concat(nots, x.weak)
	}
	if len(things) < 2 || len(nots) == 0 {
		return span{}, false
	}
	for _, s := range things {
		if !slices.ContainsFunc(nots, func(not span) bool { return x.besideNot(s, not) }) {
			continue
		}
		if ok {
			return span{}, false
		}
		denied, ok = s, true
	}
	return denied, ok
}

// besideNot reports a "not" right in front of something, or where "not" stands behind what it denies, right behind it: "5 mgではなく", "5 mg이 아니라".
func (x *facts) besideNot(s, not span) bool {
	if wordsOf(x.f.lang).DeniesBehind {
		return s.to <= not.from && x.joined(s.to, not.from, loaded().limits.Drugs.DeniedReach)
	}
	return not.to <= s.from && skipSpaces(x.f, not.to) == s.from
}

// numberSpans are the numbers of a text in digits, with their units; times and dates are none.
func (x *facts) numberSpans() (spans []span) {
	for _, n := range x.numbers {
		if !n.soft && !n.code && !n.inDate() {
			spans = append(spans, span{n.from, max(n.to, n.unitTo), n.values[0]})
		}
	}
	return spans
}

// partnersElsewhere reports a number of the source whose partner is not the one at a place of the translation, where both have partners.
func (c *comparison) partnersElsewhere(s, t span) bool {
	i := slices.IndexFunc(c.paired, func(n *candidate) bool { return n.from == s.from })
	return i >= 0 && c.paired[i].partner != nil && c.paired[i].partner.from != t.from && !slices.Contains(c.paired[i].values, t.value)
}
