package check

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
