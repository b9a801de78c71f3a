package translator

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/glossary"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// work is a message on its way through the engines, with the glossary as it stood when it began.
type work struct {
	source  Result
	message *protect.Message // nil: not taken apart yet
	set     *glossary.Set
	runs    []protect.Run
	places  []runPlace

	forgotten atomic.Bool // nobody is to be asked for it any more
}

// runPlace is where a run of the message names concepts of the glossary.
type runPlace struct {
	glossary.Place
	run   int
	holds bool // a drug or the like stands in it, which is protected anyway
}

// begin takes a message apart and finds what the glossary knows of it. Without a glossary that is left for later: the
// translation may be in the cache.
func (p *Pipeline) begin(source Result) *work {
	w := &work{source: source, set: p.glossary()}
	if w.set.Len() > 0 {
		w.parse()
		w.find()
	}
	return w
}

// glossary is the one that is in force, nil for none.
func (p *Pipeline) glossary() *glossary.Set {
	if p.config.Glossary == nil {
		return nil
	}
	return p.config.Glossary()
}

// marksOf returns what the glossary says of a message, as its place in the cache depends on it.
func (p *Pipeline) marksOf(source Result) []string {
	if p.glossary().Len() == 0 {
		return nil
	}
	return p.begin(source).marks()
}

func (w *work) parse() {
	if w.message == nil {
		w.message = protect.Parse(w.source.Original.Body, w.source.Original.FormattedBody, w.source.From)
	}
}

func (w *work) find() {
	w.runs = w.message.Runs()
	for i, run := range w.runs {
		for _, place := range w.set.Find(run.Text, w.source.From) {
			if fits, holds := run.Fits(place.Start, place.End); fits {
				w.places = append(w.places, runPlace{place, i, holds})
			}
		}
	}
}

// marks are what the glossary asks of the translation, for the key of the cache: when a term changes, what was translated
// with it is asked for anew, and nothing else is.
func (w *work) marks() (marks []string) {
	for _, place := range w.places {
		marks = append(marks, w.set.Mark(place.Place, w.source.To)...)
	}
	return marks
}

// term is what a language has for a place.
func (w *work) term(place runPlace, to language.Code) (glossary.Term, bool) {
	return w.set.In(to, place.Place, w.runs[place.run].Text)
}

// terms are what a language has for the message, each concept once.
func (w *work) terms(to language.Code) []glossary.Term {
	var terms []glossary.Term
	for _, place := range w.places {
		if term, ok := w.term(place, to); ok {
			terms = append(terms, term)
		}
	}
	return glossary.Collect(terms)
}

// invariants are what must be the same in every language: those of the checks, and the glossary's. What a spoiler hides is
// not among them: they stand in the open.
func (w *work) invariants() (list []check.Invariant) {
	for _, line := range w.message.Shown() {
		list = append(list, check.Invariants(line, w.source.From)...)
	}
	for _, term := range w.terms(w.source.To) {
		if term.Invariant && !mentions(list, term.Words) {
			list = append(list, check.Invariant{Kind: check.KindTerm, Text: term.Words})
		}
	}
	return list
}

func mentions(list []check.Invariant, words string) bool {
	for _, invariant := range list {
		if strings.Contains(strings.ToLower(invariant.Text), strings.ToLower(words)) {
			return true
		}
	}
	return false
}

// asked is a message as one engine gets it.
type asked struct {
	request engine.Request
	to      language.Code    // of the answer, once it is spelled as the reader wants
	message *protect.Message // whose parts the answer must have
}

// askFor makes the request to a link in the forms of the languages that it knows; false if it does not take the pair.
func (w *work) askFor(l link) (asked, bool) {
	from, to, ok := l.serves(w.source.From, w.source.To)
	if !ok {
		return asked{}, false
	}
	a := asked{message: w.message, request: engine.Request{From: from, To: to}}
	_, a.to = spelled(nil, to, w.source.To)
	support := l.TermSupport()
	if places := w.protected(support, a.to); len(places) > 0 {
		a.message = w.message.WithTerms(places)
	}
	if support == engine.TermsHeeded {
		a.request.Terms = w.offered(from, to)
	}
	a.request.Segments, _ = spelled(a.message.Segments(), w.source.From, from)
	return a, true
}

// without is the request again with terms as ordinary words, for an engine that lost one that was protected.
func (w *work) without(a asked) asked {
	a.message = w.message
	a.request.Segments, _ = spelled(a.message.Segments(), w.source.From, a.request.From)
	return a
}

// protected are the terms that an engine gets as protected parts: those that must be right where it knows nothing of terms,
// and those around a drug, which it gets protected whatever it knows. What may name several concepts is left to the engine,
// and so is a word with another language's prefix or ending.
func (w *work) protected(support engine.TermSupport, to language.Code) (places []protect.TermPlace) {
	if support == engine.TermsOwn {
		return nil
	}
	for _, place := range w.places {
		term, ok := w.term(place, to)
		wanted := place.holds || term.Invariant && support == engine.TermsUnknown
		if !ok || !wanted || place.Ambiguous() || place.Attached {
			continue
		}
		places = append(places, protect.TermPlace{Run: w.runs[place.run], Start: place.Start, End: place.End, Local: term.Target})
	}
	return places
}

// offered are the terms for an engine that heeds them, as its forms of the languages have them.
func (w *work) offered(from, to language.Code) (terms []engine.Term) {
	for _, place := range w.places {
		term, ok := w.term(place, to)
		if !ok {
			continue
		}
		if from == "sr-Latn" && w.source.From == "sr" {
			term.Words = language.SerbianLatin(term.Words)
		}
		terms = append(terms, engine.Term{Source: term.Words, Target: term.Target})
	}
	return terms
}

// withTerms adds to a report what a translation lacks of terms that it must have.
func withTerms(report check.Report, found []glossary.Found) check.Report {
	for _, f := range found {
		if !f.Term.Invariant || f.Outcome == glossary.Used {
			continue
		}
		finding := "term.missing"
		if f.Outcome == glossary.Avoided {
			finding = "term.avoided"
		}
		report.Verdict = check.Worse(report.Verdict, check.Finding(finding))
		report.Reasons = append(report.Reasons, check.Reason{Code: "term", Original: f.Term.Words, Translation: f.Words, Expected: f.Term.Target})
	}
	return report
}

// neutral stands in the place of a term for the checks.
const neutral = "X"

// change is a place in a line, and what stands there for the checks.
type change struct {
	glossary.LinePlace
	as string
}

// compared are the lines of a source and its translation as the checks compare them. A term whose right form looks like
// another meaning, word by word ("DNR", "no reanimar"), is taken out of both, so that it neither warns nor hides that another
// negation was lost. A drug that the checks do not know by the glossary's name stands in the translation as in the source, so
// that they see with which dose it goes.
func (w *work) compared(source, lines []string, found []glossary.Found, to language.Code) (before, after []string) {
	var here, there []change
	for _, f := range found {
		if f.Outcome != glossary.Used || len(f.Right) != f.Term.Count {
			continue
		}
		first := f.Right[0]
		taken := w.lookChanged(f.Term.Words, lines[first.Line][first.Start:first.End], to)
		switch {
		case slices.ContainsFunc(taken, func(code string) bool { return slices.Contains(turning, code) }):
			here = append(here, changes(w.linePlaces(f.Term, to), neutral)...)
			there = append(there, changes(f.Right, neutral)...)
		case slices.Contains(taken, "drug"):
			there = append(there, changes(f.Right, f.Term.Words)...)
		}
	}
	return changed(source, here), changed(lines, there)
}

// turning are the findings that turn the meaning of a sentence, and can lie in the words of a term alone.
var turning = []string{"negation", "side", "route", "frequency"}

// lookChanged lists what the checks would find in a right form.
func (w *work) lookChanged(words, form string, to language.Code) (codes []string) {
	for _, reason := range check.Compare([]string{words}, []string{form}, w.source.From, to).Reasons {
		codes = append(codes, reason.Code)
	}
	return codes
}

func changes(places []glossary.LinePlace, as string) (all []change) {
	for _, place := range places {
		all = append(all, change{place, as})
	}
	return all
}

// linePlaces are the places of a term in the lines of the source.
func (w *work) linePlaces(term glossary.Term, to language.Code) (places []glossary.LinePlace) {
	for _, place := range w.places {
		if at, ok := w.term(place, to); ok && at.Concept == term.Concept {
			run := w.runs[place.run]
			places = append(places, glossary.LinePlace{Line: run.Line(), Start: run.Start + place.Start, End: run.Start + place.End})
		}
	}
	return places
}

// changed are lines with other words at some places.
func changed(lines []string, places []change) []string {
	if len(places) == 0 {
		return lines
	}
	lines = slices.Clone(lines)
	slices.SortFunc(places, func(a, b change) int { return cmp.Compare(b.Start, a.Start) }) // from the end
	end := map[int]int{}
	for _, p := range places {
		if before, ok := end[p.Line]; ok && p.End > before {
			continue // two terms share words
		}
		end[p.Line] = p.Start
		lines[p.Line] = lines[p.Line][:p.Start] + p.as + lines[p.Line][p.End:]
	}
	return lines
}
