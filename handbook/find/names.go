package find

import (
	"context"
	"slices"

	"medixchange/handbook"
	"medixchange/internal/search"
)

const (
	// topTerms is how many hits, from the first on, are looked at for terms whose other names are searched, and otherNames how
	// many names are.
	topTerms   = 3
	otherNames = 4
	// ofName is the share of another name that a hit must have.
	ofName = 0.9
)

// byOtherNames finds places in sections by the other names of the glossary's terms that a query has found, where it found few
// places: who asks by one name should find the section that uses another.
func (x *Index) byOtherNames(ctx context.Context, edition *handbook.Edition, language, text string, hits []search.Hit) ([]Hit, error) {
	var there []int64
	for _, h := range hits {
		if h.ID < firstTerm {
			there = append(there, h.ID)
		}
	}
	if len(there) >= fewHits {
		return nil, nil
	}
	var out []Hit
	for _, name := range namesOf(edition, language, text, hits[:min(topTerms, len(hits))]) {
		result, err := x.o.Engine.Search(ctx, search.Query{
			Text: name, In: []search.Source{{Index: indexOf(language)}}, Limit: fewHits, MinCoverage: ofName,
		})
		if err != nil {
			return nil, err
		}
		for _, h := range result.Hits {
			if h.ID >= firstTerm || slices.Contains(there, h.ID) {
				continue
			}
			there = append(there, h.ID)
			if hit, ok := placeOf(edition, language, h.ID, result.Matched); ok {
				out = append(out, hit)
			}
		}
	}
	return out, nil
}

// namesOf lists the names of the terms among hits, but for what was asked.
func namesOf(edition *handbook.Edition, language, text string, hits []search.Hit) []string {
	g, ok := edition.Glossary(language)
	if !ok {
		return nil
	}
	ids := termIDs(g)
	var names []string
	for _, h := range hits {
		at := int(h.ID - firstTerm)
		if at < 0 || at >= len(ids) {
			continue
		}
		term := g.Terms[ids[at]]
		for _, name := range append([]string{term.Term}, term.Also...) {
			if name != text && len(names) < otherNames && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
