package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"medixchange/handbook"
	"medixchange/handbook/find"
	"medixchange/handbook/site"
	"medixchange/translator/bridge"
)

// handbookDesk answers the translation bot, which knows no handbook.
type handbookDesk struct {
	shelf *handbook.Shelf
	index *find.Index
	base  string // the address for clients, without the slash
}

var _ bridge.Handbook = handbookDesk{}

// maxSummary bounds the text of a section in an answer, in letters.
const maxSummary = 800

func (n *Node) handbookDesk() handbookDesk {
	return handbookDesk{shelf: n.shelf, index: n.bookIndex, base: n.clientBase()}
}

// Language implements bridge.Handbook. An edition that cannot be read has none; asking it says why in the log.
func (d handbookDesk) Language(tag string) (string, bool) {
	edition, err := d.shelf.Edition()
	return tag, err == nil && slices.Contains(edition.Languages, tag)
}

// Find implements bridge.Handbook.
func (d handbookDesk) Find(ctx context.Context, tag, text string, limit int) (bridge.HandbookAnswer, error) {
	edition, err := d.shelf.Edition()
	if err != nil {
		return bridge.HandbookAnswer{}, err
	}
	if tag == "" {
		tag = edition.Source
	}
	found, err := d.index.Search(ctx, tag, text, limit)
	if err != nil {
		return bridge.HandbookAnswer{}, err
	}
	all := []find.Found{found}
	if len(found.Hits) == 0 {
		if all, err = d.index.Elsewhere(ctx, tag, text, 1); err != nil {
			return bridge.HandbookAnswer{}, err
		}
	}
	answer := d.answer(edition, tag)
	for _, f := range all[:min(len(all), limit)] {
		for _, hit := range f.Hits {
			answer.Entries = append(answer.Entries, d.hit(f.Language, tag, hit))
		}
	}
	return answer, nil
}

func (d handbookDesk) answer(edition *handbook.Edition, tag string) bridge.HandbookAnswer {
	titles, ok := edition.Titles(tag)
	if !ok {
		titles, ok = edition.Titles(edition.Source)
	}
	answer := bridge.HandbookAnswer{IDs: edition.SectionIDs()}
	if ok {
		answer.Book = titles.Title
	}
	return answer
}

func (d handbookDesk) hit(tag, words string, h find.Hit) bridge.HandbookEntry {
	e := bridge.HandbookEntry{Language: tag, Title: h.Title, Status: site.StateText(words, h.Status, h.Outdated)}
	if h.Heading != "" {
		e.Title += " › " + h.Heading
	}
	var text strings.Builder
	for _, p := range h.Snippet {
		text.WriteString(p.Text)
	}
	e.Text = strings.Join(strings.Fields(text.String()), " ")
	e.Link = d.base + site.Address(tag, h)
	return e
}

// Section implements bridge.Handbook. A section that is not translated is the original, which its status says.
func (d handbookDesk) Section(_ context.Context, tag, id string) (bridge.HandbookAnswer, error) {
	edition, err := d.shelf.Edition()
	if err != nil {
		return bridge.HandbookAnswer{}, err
	}
	if tag == "" {
		tag = edition.Source
	}
	answer := d.answer(edition, tag)
	s, translated := edition.Section(tag, id)
	if !translated {
		var ok bool
		if s, ok = edition.Section(edition.Source, id); !ok {
			return answer, nil
		}
	}
	status := site.StateText(tag, s.Status, edition.Stale(s).Outdated)
	if !translated {
		status = site.UntranslatedText(tag) + "; " + status
	}
	answer.Entries = []bridge.HandbookEntry{{
		Language: s.Language, Title: s.Title, Text: summary(s), Status: status,
		Link: fmt.Sprintf("%s/handbook/%s/%s", d.base, tag, s.ID),
	}}
	return answer, nil
}

// summary is what a section says in brief: the text of its first heading.
func summary(s *handbook.Section) string {
	text := []rune("• " + strings.Join(s.Blocks[0].Prose(), "\n• "))
	if len(text) > maxSummary {
		return string(text[:maxSummary]) + "…"
	}
	return string(text)
}
