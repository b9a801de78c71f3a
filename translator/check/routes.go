package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"medixchange/translator/language"
)

// loadRoutes reads the words for ways to give a drug; it comes after loadWords.
func (r *rules) loadRoutes() error {
	var routes map[string]map[string][]string
	if err := readYAML("routes.yaml", &routes); err != nil {
		return err
	}
	for route, languages := range routes {
		for code := range languages {
			if _, known := r.words[language.Code(code)]; !known && code != "any" {
				return fmt.Errorf("routes.yaml: %s: %q is no language", route, code)
			}
		}
		route, vague := strings.CutSuffix(route, "?")
		for code, w := range r.words {
			if len(languages[string(code)]) == 0 {
				return fmt.Errorf("routes.yaml: %s has no words in %s", route, code)
			}
			for _, word := range slices.Concat(languages["any"], languages[string(code)]) {
				word, common := strings.CutSuffix(word, "?")
				w.routes.add(word, entry{group: "route", value: route, sure: !vague && !common})
			}
		}
	}
	return nil
}

// route is a place that names a way to give a drug.
type route struct {
	span
	sure bool // the place says how something is given, whatever stands around it
}

// routesIn gives the places that name a way to give a drug, in their order. What stands in the name of a drug is none.
func routesIn(x *facts, code language.Code) []route {
	var found []route
	for _, m := range wordsOf(code).routes.all(x.f.runes) {
		s := span{m.from, wordEnd(x.f, m), m.entries[0].value}
		if !slices.ContainsFunc(x.drugs, func(d span) bool { return d.from <= s.from && s.from < d.to }) {
			found = append(found, route{s, m.entries[0].sure && !x.isUnit(s)})
		}
	}
	return x.withPuffs(found)
}

// isUnit reports whether a place is the unit of a number: 2吸入 are two puffs.
func (x *facts) isUnit(s span) bool {
	return slices.ContainsFunc(x.numbers, func(n number) bool { return n.to <= s.from && s.from < n.unitTo })
}

// inhaled is the way in which puffs are taken, whether a text says so or not.
const inhaled = "inhaled"

// withPuffs lets puffs answer the way in which they are taken.
func (x *facts) withPuffs(routes []route) []route {
	if slices.ContainsFunc(routes, func(r route) bool { return r.value == inhaled }) {
		return routes
	}
	for _, n := range x.numbers {
		if n.unit == "puff" {
			return append(routes, route{span{n.from, n.unitTo, inhaled}, false})
		}
	}
	return routes
}

// firstRoutes gives the first place of each way.
func firstRoutes(routes []route) map[string]route {
	found := map[string]route{}
	for _, r := range routes {
		if _, ok := found[r.value]; !ok {
			found[r.value] = r
		}
	}
	return found
}

// routes compares how drugs are given: into a vein, a muscle, by mouth.
func (c *comparison) routes() {
	if !c.orders() {
		return
	}
	all, others := routesIn(c.source, c.from), routesIn(c.target, c.to)
	source, target := firstRoutes(all), firstRoutes(others)
	missing, added := routesWithout(source, target), routesWithout(target, source)
	if len(missing) > 0 && len(added) > 0 {
		c.found("route.changed", c.source.text(missing[0].span), c.target.text(added[0].span))
		return
	}
	for _, r := range missing {
		if r.sure {
			c.found("route.missing", c.source.text(r.span), "")
			return
		}
	}
	for _, r := range added {
		if r.sure {
			c.found("route.added", "", c.target.text(r.span))
			return
		}
	}
	c.exchanged("route.order", spansOf(all), spansOf(others))
}

// routesWithout gives the ways that only a has.
func routesWithout(a, b map[string]route) (only []route) {
	for _, value := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[value]; !ok {
			only = append(only, a[value])
		}
	}
	return only
}

func spansOf(routes []route) (spans []span) {
	for _, r := range routes {
		spans = append(spans, r.span)
	}
	return spans
}
