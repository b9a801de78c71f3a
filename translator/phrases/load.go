package phrases

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"medixchange/internal/pattern"
	"medixchange/translator/language"
)

//go:embed data/*.yaml
var embedded embed.FS

// Embedded gives the phrases that come with the program. The first call reads them.
var Embedded = sync.OnceValues(func() (*Memory, error) { return Load(embedded) })

// entry is one phrase in every language.
type entry struct {
	id       string
	reviewed bool
	forms    map[language.Code][]string
	where    string // file:line
}

// Load reads every data/*.yaml of a file system. Errors name file and line: an entry that lacks a
// language, whose slots differ between languages, or whose wording stands there already.
func Load(files fs.FS) (*Memory, error) {
	names, err := fs.Glob(files, "data/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing phrases: %w", err)
	}
	sort.Strings(names)
	memory := newBuilder()
	ids := map[string]string{}
	for _, name := range names {
		entries, err := readFile(files, name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if other, taken := ids[e.id]; taken {
				return nil, fmt.Errorf("%s: concept %s stands in %s already", e.where, e.id, other)
			}
			ids[e.id] = e.where
			memory.add(e)
		}
	}
	return memory.finish()
}

func readFile(files fs.FS, name string) ([]entry, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("reading phrases: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s: a list of phrases is expected", name)
	}
	var entries []entry
	for _, node := range document.Content[0].Content {
		e, err := readEntry(node, fmt.Sprintf("%s:%d", path.Base(name), node.Line))
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func readEntry(node *yaml.Node, where string) (entry, error) {
	e := entry{where: where, forms: map[language.Code][]string{}}
	if node.Kind != yaml.MappingNode {
		return e, fmt.Errorf("%s: a phrase is expected", where)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := fmt.Sprintf("%s:%d", where[:strings.LastIndexByte(where, ':')], key.Line)
		switch key.Value {
		case "concept":
			e.id = value.Value
		case "status":
			if value.Value != "unreviewed" && value.Value != "reviewed" {
				return e, fmt.Errorf("%s: status %q is neither unreviewed nor reviewed", at, value.Value)
			}
			e.reviewed = value.Value == "reviewed"
		default:
			code := language.Code(key.Value)
			if !slices.Contains(columns, code) {
				return e, fmt.Errorf("%s: unknown key %q", at, key.Value)
			}
			forms, err := readForms(value)
			if err != nil {
				return e, fmt.Errorf("%s: %w", at, err)
			}
			e.forms[code] = forms
		}
	}
	return e, e.validate()
}

func readForms(value *yaml.Node) ([]string, error) {
	if value.Kind == yaml.ScalarNode {
		return []string{value.Value}, nil
	}
	var forms []string
	if err := value.Decode(&forms); err != nil {
		return nil, fmt.Errorf("forms: %w", err)
	}
	return forms, nil
}

// columns are the languages that phrases are written in. Serbian in Latin follows by rule, and where Portugal says nothing
// else it has what Brazil says.
var columns = append(append([]language.Code{}, language.Bases...), "zh-Hant", "pt-PT")

var slotName = pattern.Lazy(`\{[a-z]*\}`)

// validate checks an entry by itself.
func (e entry) validate() error {
	if e.id == "" {
		return fmt.Errorf("%s: a phrase without concept", e.where)
	}
	var wanted string
	for _, code := range columns {
		forms := e.forms[code]
		if forms == nil && code == "pt-PT" {
			continue
		}
		if len(forms) == 0 || strings.TrimSpace(forms[0]) == "" {
			return fmt.Errorf("%s: %s has no %s", e.where, e.id, code)
		}
		for _, form := range forms {
			slots, err := slotsOf(form)
			if err == nil {
				err = checkChoices(form, code)
			}
			if err != nil {
				return fmt.Errorf("%s: %s, %s: %w", e.where, e.id, code, err)
			}
			if wanted == "" {
				wanted = slots
			}
			if slots != wanted {
				return fmt.Errorf("%s: %s: slots of %s are %s, not %s", e.where, e.id, code, slots, wanted)
			}
		}
	}
	return nil
}

// slotsOf lists the slots of a form in a fixed order; "-" if it has none.
func slotsOf(form string) (string, error) {
	found := slotName().FindAllString(form, -1)
	sort.Strings(found)
	for i, name := range found {
		if _, known := slotRunes[name]; !known {
			return "", fmt.Errorf("unknown slot %s", name)
		}
		if i > 0 && found[i-1] == name {
			return "", fmt.Errorf("slot %s stands there twice", name)
		}
	}
	return "-" + strings.Join(found, ""), nil
}
