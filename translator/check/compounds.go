package check

import "slices"

// loadCompounds reads what may be written behind the name of a drug.
func (r *rules) loadCompounds() error {
	var lists [][]string
	if err := readYAML("compounds.yaml", &lists); err != nil {
		return err
	}
	for _, list := range lists {
		for _, tail := range list {
			r.compounds = append(r.compounds, fold(tail).runes)
		}
	}
	return nil
}

// loadDruglike reads the words that answer to a drug and name none.
func (r *rules) loadDruglike() error {
	var drugs map[string][]string
	if err := readYAML("druglike.yaml", &drugs); err != nil {
		return err
	}
	for drug, words := range drugs {
		for _, word := range words {
			addBoth(&r.druglike, word, entry{group: "drug", value: drug})
		}
	}
	return nil
}

// answersDrug reports whether a word of a text may stand for a drug, which the result of a measurement does not.
func (x *facts) answersDrug(drug string) bool {
	return slices.ContainsFunc(loaded().druglike.all(x.f.runes), func(m match) bool { return m.entries[0].value == drug && !x.measured(m.to) })
}

// measured reports whether the next number of the clause behind a place is the result of a measurement: one of nothing, or by the litre.
func (x *facts) measured(at int) bool {
	for _, n := range x.numbers {
		if n.from < at || n.soft || n.dated || n.code {
			continue
		}
		return x.oneClause(at, n.from, loaded().limits.Numbers.RateBehind) && (n.unit == "" || hasRate(n.unit, "L") || hasRate(n.unit, "dL"))
	}
	return false
}

// namedDrug finds the drug that a word spells in its own way or begins with ("vancomycinespiegel"), "" for none.
func (r *rules) namedDrug(word []rune) string {
	a := alphabetRules()
	if name := r.spelledDrug(word); name != "" || len(word) < a.minSkeleton || !r.beginsSkeleton(a, word) {
		return name
	}
	for _, tail := range r.compounds {
		head := len(word) - len(tail)
		if head >= a.minSkeleton && indexRunes(word[head:], tail) == 0 {
			if name := r.spelledDrug(word[:head]); name != "" {
				return name
			}
		}
	}
	return ""
}
