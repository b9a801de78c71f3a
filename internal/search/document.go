package search

import (
	"math"
	"sort"
)

const (
	// maxTerms bounds the different terms of a document: what comes after them is not found.
	maxTerms = 4000
	// levels are how much a posting can say about its document: 0 … levels-1.
	levels = 8
)

// Field is one text of a document.
type Field struct {
	Text string
	// Weight says how much a word counts here; 1 for an ordinary text, more for a title.
	Weight float64
}

// Document is what is searched.
type Document struct {
	// ID is the caller's, above 0, unique in its index. Indexing is fastest where new documents have higher ones.
	ID int64
	// Scope groups documents that a reader sees or does not see together; a query is asked for some scopes. 0 to 2^32.
	Scope int64
	// Time orders and ages documents, in milliseconds since 1970; 0 where it says nothing.
	Time   int64
	Fields []Field
}

// Prepared is a document taken to terms, ready to be put; see [Engine.Prepare].
type Prepared struct {
	id, scope, time int64
	terms           []preparedTerm
}

type preparedTerm struct {
	term  string
	word  bool // gets trigrams
	level uint8
}

// ID is that of the document.
func (p *Prepared) ID() int64 { return p.id }

// Empty reports whether there is nothing to find the document by.
func (p *Prepared) Empty() bool { return len(p.terms) == 0 }

// Prepare takes a document to terms. It is the work that needs no database: do it outside of the write.
func (e *Engine) Prepare(d Document) *Prepared {
	c := collector{weights: map[string]float64{}, words: map[string]bool{}}
	for _, f := range d.Fields {
		_, pieces := scan(f.Text, e.simplify)
		for _, p := range pieces {
			c.take(p, f.Weight)
		}
	}
	prepared := &Prepared{id: d.ID, scope: d.Scope, time: d.Time, terms: make([]preparedTerm, 0, len(c.weights))}
	for term, weight := range c.weights {
		prepared.terms = append(prepared.terms, preparedTerm{term, c.words[term], levelOf(weight, c.total)})
	}
	sort.Slice(prepared.terms, func(i, j int) bool { return prepared.terms[i].term < prepared.terms[j].term })
	return prepared
}

// collector sums up how much each term counts.
type collector struct {
	weights map[string]float64
	words   map[string]bool
	total   float64
}

func (c *collector) take(p piece, weight float64) {
	switch p.class {
	case letter, digit:
		c.add(p.term, weight, p.class == letter)
	default:
		for _, g := range grams(p.term, gramLength(p.class), true) {
			c.add(g.term, weight, false)
		}
	}
}

func (c *collector) add(term string, weight float64, word bool) {
	c.total += weight
	known, ok := c.weights[term]
	if !ok && len(c.weights) == maxTerms {
		return
	}
	c.weights[term] = known + weight
	if word {
		c.words[term] = true
	}
}

// usualLength is how many terms a text has for which repeating a word counts as usual.
const usualLength = 100

// levelOf says how much a term says about a document: more the more often it is there, less the longer the document is.
func levelOf(weight, total float64) uint8 {
	saturated := weight / (weight + 0.3 + 0.7*total/usualLength)
	return uint8(min(math.Round(saturated*(levels-1)), levels-1))
}

// levelFactor is what a level makes of a term's share of the score: from half to all of it.
func levelFactor(level uint8) float64 { return 0.5 + 0.5*float64(level)/(levels-1) }
