package check

import (
	"strings"

	"medixchange/translator/language"
)

// pack moves what the lexicons hold into a few large pieces, and their strings into one. Reading YAML leaves many times as
// much behind as it is for, and whatever small piece is kept keeps a page of that.
func (r *rules) pack() {
	lexicons := []*lexicon{&r.unitWords, &r.drugs}
	for _, w := range r.words {
		lexicons = append(lexicons, &w.numbers, &w.words, &w.frequency, &w.opposites, &w.routes, &w.clock, &w.share, &w.contrast)
	}
	packed := newPacker(lexicons)
	for _, l := range lexicons {
		l.first = moved(&packed.first, l.first)
		l.nodes = moved(&packed.nodes, l.nodes)
		for i, list := range l.lists {
			l.lists[i] = moved(&packed.entries, list)
			for j := range l.lists[i] {
				e := &l.lists[i][j]
				e.group, e.value, e.only = packed.string(e.group), packed.string(e.value), language.Code(packed.string(string(e.only)))
			}
		}
		l.lists = moved(&packed.lists, l.lists)
	}
}

// packer has room for everything that it is made for.
type packer struct {
	first   []branch
	nodes   []trieNode
	entries []entry
	lists   [][]entry
	text    string
	at      map[string]int // where a string begins in text
}

func newPacker(lexicons []*lexicon) *packer {
	p := &packer{at: map[string]int{}}
	var text strings.Builder
	first, nodes, entries, lists := 0, 0, 0, 0
	for _, l := range lexicons {
		first, nodes, lists = first+len(l.first), nodes+len(l.nodes), lists+len(l.lists)
		for _, list := range l.lists {
			entries += len(list)
			for _, e := range list {
				p.add(&text, e.group)
				p.add(&text, e.value)
				p.add(&text, string(e.only))
			}
		}
	}
	p.first, p.nodes = make([]branch, 0, first), make([]trieNode, 0, nodes)
	p.entries, p.lists = make([]entry, 0, entries), make([][]entry, 0, lists)
	p.text = strings.Clone(text.String())
	return p
}

func (p *packer) add(text *strings.Builder, s string) {
	if _, known := p.at[s]; !known {
		p.at[s] = text.Len()
		text.WriteString(s)
	}
}

func (p *packer) string(s string) string {
	at := p.at[s]
	return p.text[at : at+len(s)]
}

// moved appends a list to a large one and returns its new place, which nobody can append to.
func moved[T any](into *[]T, list []T) []T {
	start := len(*into)
	*into = append(*into, list...)
	return (*into)[start:len(*into):len(*into)]
}
