package check

// conditional is the group of the words behind which nothing is ordered in a clause: "if you skip a dose, call us".
const conditional = "if"

// atStart is the value of those of them that say so at the beginning of a clause only: "should you skip a dose, call us".
const atStart = "start"

// omit keeps a word for omitting something; the condition is the last one in front of it. Behind one, and in a question, nothing is ordered, unless by
// a word such as "hold" ("if the rate is low hold metoprolol").
func (x *facts) omit(word, condition span) {
	x.keep(&x.omissions, word)
	if word.value == reported && !x.writtenOn(word.from) || (word.value == "" || word.value == besideValue) && (x.conditioned(word, condition) || x.asked(word.to)) {
		x.keep(&x.told, word)
	}
}

// conditioned reports whether a word stands in a clause that is a condition. That of one which begins its clause is over at a comma, with what is to be
// done then behind it; without one, that is in the same clause ("if bleeding omit warfarin").
func (x *facts) conditioned(word, condition span) bool {
	switch {
	case condition.to == 0 || !x.oneClause(condition.to, word.from, loaded().limits.Negation.ConcordReach):
		return false
	case !x.beginsClause(condition.from):
		return condition.value != atStart
	}
	return x.clauseFollows(word.to)
}

// writtenOn reports whether a word is the end of another behind a hyphen: Portuguese "se" in "deve-se omitir" is no "if".
func (x *facts) writtenOn(at int) bool { return x.f.at(at-1) == '-' && wordRune(x.f.at(at-2)) }

// beginsClause reports whether nothing but signs stand in front of a place in its clause.
func (x *facts) beginsClause(at int) bool {
	for at--; at >= 0 && !wordRune(x.f.runes[at]); at-- {
		if clauseMark(x.f.runes[at]) {
			return true
		}
	}
	return at < 0
}

// clauseFollows reports whether the clause of a place is over before its sentence is.
func (x *facts) clauseFollows(at int) bool {
	end := x.clauseEnd(at)
	return end >= 0 && (x.f.at(end) == ':' || !isOneOf(loaded().marks.Sentence, x.f.at(end)))
}

// clauseEnd is where the mark behind the clause of a place stands, -1 for nowhere near.
func (x *facts) clauseEnd(at int) int {
	for end := min(at+loaded().limits.Negation.ConcordReach, len(x.f.runes)); at < end; at++ {
		if x.partsClause(at) {
			return at
		}
	}
	return -1
}

// asked reports whether the sentence that a place stands in ends as a question, with more in its last clause than a word that wants an answer to an
// order ("skip heparin, ok?").
func (x *facts) asked(at int) bool {
	marks, limits := &loaded().marks, &loaded().limits.Negation
	clauses, near := 0, at+limits.ConcordReach
	for end := x.clauseEnd(at); end >= 0 && end < near; end = x.clauseEnd(at) {
		if isOneOf(marks.Sentence, x.f.at(end)) {
			tag := clauses > 0 && end-at <= limits.Tag
			return isOneOf(marks.Question, x.f.at(end)) && !tag
		}
		at = end + 1
		clauses++
	}
	return false
}
