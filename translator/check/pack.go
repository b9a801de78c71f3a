package check

import (
	"slices"
	"strings"

	"medixchange/translator/language"
)

// pack moves what the lexicons hold into a few large pieces, and all strings into one. Reading YAML leaves many times as
// much behind as it is for, and whatever small piece is kept keeps a page of that.
func (r *rules) pack() {
	lexicons := []*lexicon{&r.unitWords, &r.perWords, &r.counted, &r.labels.before, &r.labels.behind, &r.holds, &r.drugs, &r.druglike, &r.results, &r.thaiDrugs}
	for _, w := range r.words {
		lexicons = append(lexicons, w.lexicons()...)
	}
	for _, l := range lexicons {
		l.shareLists()
	}
	packed := newPacker(lexicons)
	r.eachString(func(s string) string { packed.texts.add(s); return s })
	packed.texts.close()
	for _, l := range lexicons {
		l.first = moved(&packed.first, l.first)
		l.nodes = moved(&packed.nodes, l.nodes)
		for i, list := range l.lists {
			l.lists[i] = moved(&packed.entries, list)
			for j := range l.lists[i] {
				e := &l.lists[i][j]
				e.group, e.value, e.only = packed.texts.string(e.group), packed.texts.string(e.value), language.Code(packed.texts.string(string(e.only)))
			}
		}
		l.lists = moved(&packed.lists, l.lists)
	}
	r.eachString(packed.texts.string)
	for _, w := range r.words {
		for i := range w.inside {
			w.inside[i].runes = slices.Clone(w.inside[i].runes)
		}
	}
}

// eachString replaces every string that is kept outside of the lexicons.
func (r *rules) eachString(with func(string) string) {
	r.skeletons = replaced(r.skeletons, with, with)
	r.units = replaced(r.units, with, func(u unit) unit {
		u.Unit, u.Dimension = with(u.Unit), with(u.Dimension)
		return u
	})
	r.verdicts = replaced(r.verdicts, with, func(v Verdict) Verdict { return Verdict(with(string(v))) })
	r.frequencies = replaced(r.frequencies, with, func(f frequency) frequency {
		f.Frequency, f.Per, f.Hours, f.Also = with(f.Frequency), with(f.Per), with(f.Hours), nil
		return f
	})
	r.sameRhythm = replaced(r.sameRhythm, with, with)
	r.wholes = replaced(r.wholes, with, func(whole bool) bool { return whole })
	r.order = replaced(r.order, with, func(n int) int { return n })
	for i := range r.symbols {
		r.symbols[i] = with(r.symbols[i])
	}
	for _, w := range r.words {
		for _, list := range [][]string{w.dual, w.insideUnless, w.doubled, w.givenUp, w.together, w.over, w.only, w.conditionEnds} {
			for i := range list {
				list[i] = with(list[i])
			}
		}
	}
}

func replaced[V any](from map[string]V, key func(string) string, value func(V) V) map[string]V {
	into := make(map[string]V, len(from))
	for k, v := range from {
		into[key(k)] = value(v)
	}
	return into
}

// shareLists keeps one list of each word that stands for one thing alone: a drug has a list for each of its spellings.
func (l *lexicon) shareLists() {
	known, place := map[entry]uint16{}, make([]uint16, len(l.lists))
	var kept [][]entry
	for i, list := range l.lists {
		if len(list) == 1 {
			if at, ok := known[list[0]]; ok {
				place[i] = at
				continue
			}
			known[list[0]] = uint16(len(kept))
		}
		place[i] = uint16(len(kept))
		kept = append(kept, list)
	}
	for i := range l.nodes {
		if list := l.nodes[i].list; list != 0 {
			l.nodes[i].list = place[list]
		}
	}
	l.lists = kept
}

// packer has room for everything that it is made for.
type packer struct {
	first   []branch
	nodes   []trieNode
	entries []entry
	lists   [][]entry
	texts   *texts
}

func newPacker(lexicons []*lexicon) *packer {
	p := &packer{texts: newTexts()}
	first, nodes, entries, lists := 0, 0, 0, 0
	for _, l := range lexicons {
		first, nodes, lists = first+len(l.first), nodes+len(l.nodes), lists+len(l.lists)
		for _, list := range l.lists {
			entries += len(list)
			for _, e := range list {
				p.texts.add(e.group)
				p.texts.add(e.value)
				p.texts.add(string(e.only))
			}
		}
	}
	p.first, p.nodes = make([]branch, 0, first), make([]trieNode, 0, nodes)
	p.entries, p.lists = make([]entry, 0, entries), make([][]entry, 0, lists)
	return p
}

// texts is one string that holds others. They are added, then it is closed, then they are taken from it.
type texts struct {
	at   map[string]int // where a string begins
	open strings.Builder
	all  string
}

func newTexts() *texts { return &texts{at: map[string]int{}} }

func (t *texts) add(s string) {
	if _, known := t.at[s]; !known {
		t.at[s] = t.open.Len()
		t.open.WriteString(s)
	}
}

func (t *texts) close() { t.all = strings.Clone(t.open.String()) }

func (t *texts) string(s string) string {
	at := t.at[s]
	return t.all[at : at+len(s)]
}

// moved appends a list to a large one and returns its new place, which nobody can append to.
func moved[T any](into *[]T, list []T) []T {
	start := len(*into)
	*into = append(*into, list...)
	return (*into)[start:len(*into):len(*into)]
}
