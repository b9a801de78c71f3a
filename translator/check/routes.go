package check

import (
	"maps"
	"slices"

	"medixchange/translator/language"
)

// loadRoutes reads the words for ways to give a drug; it comes after loadWords.
func (r *rules) loadRoutes() error {
	var routes map[string]map[string][]string
	if err := readYAML("routes.yaml", &routes); err != nil {
		return err
	}
	for route, languages := range routes {
		for code, w := range r.words {
			w.routes.accents, w.routes.separate = w.words.accents, w.words.separate
			for _, word := range slices.Concat(languages["any"], languages[string(code)]) {
				w.routes.add(word, entry{group: "route", value: route, sure: true})
			}
		}
	}
	return nil
}

// routesIn gives the first place of each way to give a drug that a text names.
func routesIn(x *facts, code language.Code) map[string]span {
	found := map[string]span{}
	for _, m := range wordsOf(code).routes.all(x.f.runes) {
		value := m.entries[0].value
		if _, ok := found[value]; !ok {
			found[value] = span{m.from, wordEnd(x.f, m), value}
		}
	}
	return found
}

// routes compares how drugs are given: into a vein, a muscle, by mouth.
func (c *comparison) routes() {
	if !c.orders() {
		return
	}
	source, target := routesIn(c.source, c.from), routesIn(c.target, c.to)
	var missing, added []span
	for _, route := range slices.Sorted(maps.Keys(source)) {
		if _, ok := target[route]; !ok {
			missing = append(missing, source[route])
		}
	}
	for _, route := range slices.Sorted(maps.Keys(target)) {
		if _, ok := source[route]; !ok {
			added = append(added, target[route])
		}
	}
	switch {
	case len(missing) > 0 && len(added) > 0:
		c.found("route.changed", c.source.text(missing[0]), c.target.text(added[0]))
	case len(missing) > 0:
		c.found("route.missing", c.source.text(missing[0]), "")
	case len(added) > 0:
		c.found("route.added", "", c.target.text(added[0]))
	}
}
