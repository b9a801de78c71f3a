package handbook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Names of the files that a language has beside its sections.
const (
	TitlesFile   = bookFile
	GlossaryFile = glossaryFile
)

// PlanFile is the plan of an edition, beside the folders of its languages.
const PlanFile = bookFile

// ReadSection reads a section's file by the rules of Load for one file: the error is Problems. What concerns several files
// (images, links, hashes of the source as it is) is not looked at.
func ReadSection(file string, text []byte, original bool) (*Section, error) {
	l := &log{}
	if len(text) > maxSection {
		l.add(file, 0, "the file is larger than %d KiB", maxSection>>10)
		return nil, Problems(l.problems)
	}
	if s := parseSection(l, file, text, original); s != nil {
		return s, nil
	}
	return nil, Problems(l.problems)
}

// ReadTitles reads the titles of a language as ReadSection reads a section.
func ReadTitles(file string, text []byte, original bool, chapters []Chapter) (*Titles, error) {
	l := &log{}
	if t := parseTitles(l, file, limited(l, file, text), original, chapters); t != nil {
		return t, nil
	}
	return nil, Problems(l.problems)
}

// ReadGlossary reads the terms of a language as ReadSection reads a section.
func ReadGlossary(file string, text []byte, original bool) (*Glossary, error) {
	l := &log{}
	if g := parseGlossary(l, file, limited(l, file, text), original); g != nil {
		return g, nil
	}
	return nil, Problems(l.problems)
}

func limited(l *log, file string, text []byte) []byte {
	if len(text) > maxYAML {
		l.add(file, 0, "the file is larger than %d KiB", maxYAML>>10)
		return nil
	}
	return text
}

// WriteSection gives a section's file. citations are what stands below that key of an original, as YAML; translations have
// none. Nothing is checked: ReadSection does that.
func WriteSection(s *Section, citations string) []byte {
	var out bytes.Buffer
	out.WriteString("---\n")
	putKey(&out, "id", s.ID)
	putKey(&out, "title", s.Title)
	out.Write(WriteProvenance(s.Provenance))
	switch {
	case s.Original() && strings.TrimSpace(citations) == "":
		out.WriteString("citations: []\n")
	case s.Original():
		out.WriteString("citations:\n")
		for _, line := range strings.Split(strings.Trim(citations, "\n"), "\n") {
			fmt.Fprintf(&out, "  %s\n", line)
		}
	default:
		putKey(&out, "source_hash", s.SourceHash)
		out.WriteString("source_blocks:\n")
		for _, anchor := range slices.Sorted(maps.Keys(s.SourceBlocks)) {
			fmt.Fprintf(&out, "  %s: %s\n", anchor, quotedYAML(s.SourceBlocks[anchor]))
		}
	}
	out.WriteString("---\n")
	out.WriteString(strings.TrimSpace(s.Body) + "\n")
	return out.Bytes()
}

// WriteProvenance gives the keys that sections, titles and glossaries have in common, as YAML.
func WriteProvenance(p Provenance) []byte {
	var out bytes.Buffer
	for _, pair := range [][2]string{
		{"language", p.Language}, {"status", string(p.Status)}, {"author", p.Author}, {"translator", p.Translator},
		{"reviewer", p.Reviewer}, {"written", string(p.Written)}, {"updated", string(p.Updated)},
	} {
		if pair[1] != "" {
			putKey(&out, pair[0], pair[1])
		}
	}
	return out.Bytes()
}

func putKey(out *bytes.Buffer, key, value string) {
	fmt.Fprintf(out, "%s: %s\n", key, quotedYAML(value))
}

// quotedYAML writes a value in double quotes: JSON's escapes are YAML's.
func quotedYAML(value string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return strconv.Quote(value) // never: strings can be encoded
	}
	return strings.TrimSpace(out.String())
}

// WriteCitations gives what stands below the key citations of an original, as YAML.
func WriteCitations(citations []Citation) string {
	var out strings.Builder
	for _, c := range citations {
		for i, pair := range [][2]string{
			{"key", c.Key}, {"authors", c.Authors}, {"title", c.Title}, {"year", strconv.Itoa(c.Year)}, {"publisher", c.Publisher},
			{"url", c.URL}, {"doi", c.DOI}, {"looked_up", string(c.LookedUp)}, {"seen_at", c.SeenAt},
		} {
			switch {
			case pair[1] == "":
				continue
			case i == 0:
				out.WriteString("- ")
			default:
				out.WriteString("  ")
			}
			fmt.Fprintf(&out, "%s: %s\n", pair[0], quotedYAML(pair[1]))
		}
	}
	return out.String()
}

// WriteTitles gives what a file of titles says itself, as YAML without the keys that tell who made it.
func WriteTitles(t *Titles, chapters []Chapter) string {
	var out bytes.Buffer
	putKey(&out, "title", t.Title)
	putKey(&out, "note", t.Note)
	out.WriteString("chapters:\n")
	for _, chapter := range chapters {
		out.WriteString("  ")
		putKey(&out, chapter.ID, t.Chapters[chapter.ID])
	}
	return out.String()
}

// WriteGlossary gives what a glossary says itself, as WriteTitles does for titles.
func WriteGlossary(g *Glossary) string {
	var out bytes.Buffer
	out.WriteString("terms:\n")
	for _, id := range g.sortedTerms() {
		t := g.Terms[id]
		fmt.Fprintf(&out, "  %s:\n    ", quotedYAML(id))
		putKey(&out, "term", t.Term)
		if len(t.Also) > 0 {
			out.WriteString("    also:\n")
			for _, also := range t.Also {
				fmt.Fprintf(&out, "      - %s\n", quotedYAML(also))
			}
		}
		if t.Definition != "" {
			out.WriteString("    ")
			putKey(&out, "definition", t.Definition)
		}
	}
	return out.String()
}

func encoded(document *yaml.Node) (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		return "", fmt.Errorf("writing YAML: %w", err)
	}
	return out.String(), nil
}
