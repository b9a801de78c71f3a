package handbook

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// PlanOf reads book.yaml alone: which languages and chapters an edition is meant to have. The error is Problems.
func PlanOf(text []byte) (*Book, error) {
	l := &loader{log: &log{}, book: &Book{}}
	if !l.bookYAML(text) {
		return nil, Problems(l.log.problems)
	}
	return l.book, nil
}

// ReadChapters reads the part of book.yaml that says which sections there are and in which order. The error is Problems.
func ReadChapters(file string, text []byte) ([]Chapter, error) {
	l := &log{}
	if f, ok := readFields(l, file, limited(l, file, text), 0); ok {
		f.only([]string{"chapters"}, nil)
		if read := chapters(f); len(l.problems) == 0 {
			return read, nil
		}
	}
	return nil, Problems(l.problems)
}

// WriteChapters gives the chapters as ReadChapters reads them.
func WriteChapters(chapters []Chapter) string {
	var out bytes.Buffer
	out.WriteString("chapters:\n")
	for _, c := range chapters {
		ids := make([]string, len(c.Sections))
		for i, id := range c.Sections {
			ids[i] = quotedYAML(id)
		}
		fmt.Fprintf(&out, "  - id: %s\n    sections: [%s]\n", quotedYAML(c.ID), strings.Join(ids, ", "))
	}
	return out.String()
}

// NewEdition gives the plan of an edition, book.yaml, under another name and date, and with other chapters where they are not nil.
func NewEdition(plan []byte, edition string, date Date, chapters []Chapter) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(plan, &document); err != nil {
		return nil, fmt.Errorf("reading the plan of the edition: %w", err)
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("reading the plan of the edition: it is empty")
	}
	mapping := document.Content[0]
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		switch value := mapping.Content[i+1]; mapping.Content[i].Value {
		case "edition":
			value.Value, value.Tag, value.Style = edition, "!!str", yaml.DoubleQuotedStyle
		case "date":
			value.Value, value.Tag, value.Style = string(date), "!!str", 0
		case "chapters":
			if chapters != nil {
				*value = chapterNodes(chapters)
			}
		}
	}
	text, err := encoded(&document)
	return []byte(text), err
}

func chapterNodes(chapters []Chapter) yaml.Node {
	word := func(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text} }
	list := yaml.Node{Kind: yaml.SequenceNode}
	for _, c := range chapters {
		sections := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, id := range c.Sections {
			sections.Content = append(sections.Content, word(id))
		}
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word("id"), word(c.ID), word("sections"), sections}})
	}
	return list
}
