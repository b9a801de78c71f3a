package site

import (
	"cmp"
	"maps"
	"slices"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"medixchange/handbook"
)

type chapter struct {
	Phrase
	ID       string
	Sections []entry
}

type contents struct {
	Progress handbook.Progress
	Chapters []chapter
}

func contentsPage(q *request) (string, []byte, error) {
	page := contents{Progress: q.progress()}
	titles, tongue := q.titles()
	for _, c := range q.edition.Chapters {
		shown := chapter{Phrase: Phrase{tongue, titles.Chapters[c.ID]}, ID: c.ID}
		for _, id := range c.Sections {
			e, err := q.entry(id)
			if err != nil {
				return "", nil, err
			}
			shown.Sections = append(shown.Sections, e)
		}
		page.Chapters = append(page.Chapters, shown)
	}
	return q.view(titles.Title, "").render(contentsBody(page))
}

func (q *request) progress() handbook.Progress {
	for _, p := range q.edition.Progress() {
		if p.Language == q.tongue.Tag {
			return p
		}
	}
	return handbook.Progress{}
}

// term is a row of the glossary.
type term struct {
	ID         string
	Term       string
	Also       []string
	Definition Phrase
	Original   string
}

type glossary struct {
	Present  bool
	Original bool // this is the source's own
	State    State
	Terms    []term
}

func glossaryPage(q *request) (string, []byte, error) {
	source, _ := q.edition.Glossary(q.edition.Source)
	g, ok := q.edition.Glossary(q.tongue.Tag)
	page := glossary{Present: ok, Original: q.tongue.Tag == q.edition.Source}
	if ok {
		page.State = State{Status: g.Status, Updated: g.Updated}
		page.Terms = q.terms(g, source)
	}
	return q.view(q.words.Text("glossary"), "glossary").render(glossaryBody(page))
}

func (q *request) terms(g, source *handbook.Glossary) []term {
	var out []term
	for _, id := range slices.Sorted(maps.Keys(g.Terms)) {
		t := g.Terms[id]
		row := term{ID: id, Term: t.Term, Also: t.Also, Definition: Phrase{q.tongue, t.Definition}}
		if source != nil {
			row.Original = source.Terms[id].Term
			if t.Definition == "" {
				row.Definition = Phrase{tongueOf(q.edition.Source), source.Terms[id].Definition}
			}
		}
		out = append(out, row)
	}
	order := collate.New(language.Make(q.tongue.Tag))
	slices.SortStableFunc(out, func(a, b term) int { return order.CompareString(a.Term, b.Term) })
	return out
}

type outdated struct {
	entry
	Blocks []change
}

type changes struct {
	Outdated []outdated
	ByDate   []entry
}

// changesPage lists what is out of date in this language, and all sections, the ones that changed last first.
func changesPage(q *request) (string, []byte, error) {
	var page changes
	for _, id := range q.edition.SectionIDs() {
		e, err := q.entry(id)
		if err != nil {
			return "", nil, err
		}
		page.ByDate = append(page.ByDate, e)
		if s, ok := q.edition.Section(q.tongue.Tag, id); ok && e.Outdated {
			page.Outdated = append(page.Outdated, outdated{e, q.changesOf(s)})
		}
	}
	slices.SortStableFunc(page.ByDate, func(a, b entry) int { return cmp.Compare(b.Updated, a.Updated) })
	return q.view(q.words.Text("changes"), "changes").render(changesBody(page))
}

func missingPage(q *request) (string, []byte, error) {
	return q.view(q.words.Text("not_found"), "").render(missingBody)
}
