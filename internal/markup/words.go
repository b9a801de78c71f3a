package markup

import (
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// Fallback is the language of those for whom there are no words in their own.
const Fallback = "en"

// maxHeader bounds the Accept-Language that is looked at, in bytes.
const maxHeader = 512

// Catalogue holds words by language: files TAG.yaml of keys and texts in a folder that is embedded in the program. A
// language is read when it is asked for first. It is safe for concurrent use.
type Catalogue struct {
	files  fs.FS
	folder string
	read   sync.Map // of *Words by tag
	tags   func() ([]string, language.Matcher)
}

// NewCatalogue makes a catalogue of the files in a folder. It reads nothing yet.
func NewCatalogue(files fs.FS, folder string) *Catalogue {
	c := &Catalogue{files: files, folder: folder}
	c.tags = sync.OnceValues(c.list)
	return c
}

func (c *Catalogue) list() ([]string, language.Matcher) {
	names := []string{Fallback}
	found, err := fs.Glob(c.files, c.folder+"/*.yaml")
	if err != nil {
		panic(fmt.Sprintf("the words in %s: %v", c.folder, err)) // the pattern is the program's own
	}
	for _, name := range found {
		tag := strings.TrimSuffix(strings.TrimPrefix(name, c.folder+"/"), ".yaml")
		if tag != Fallback {
			names = append(names, tag)
		}
	}
	parsed := make([]language.Tag, len(names))
	for i, name := range names {
		parsed[i] = language.Make(name)
	}
	return names, language.NewMatcher(parsed)
}

// Languages gives the tags that there are words for, [Fallback] first, then by name.
func (c *Catalogue) Languages() []string {
	names, _ := c.tags()
	return slices.Clone(names)
}

// Of gives the words of a language, of its nearest relative where there are none, else those of [Fallback].
func (c *Catalogue) Of(tag string) *Words {
	names, matcher := c.tags()
	if !slices.Contains(names, tag) {
		wish, err := language.Parse(tag)
		if err != nil {
			return c.load(Fallback)
		}
		tag = c.near(names, matcher, wish)
	}
	return c.load(tag)
}

func (c *Catalogue) near(names []string, matcher language.Matcher, wishes ...language.Tag) string {
	_, at, confidence := matcher.Match(wishes...)
	if confidence == language.No {
		return Fallback
	}
	return names[at]
}

// For gives the words for a browser, by its Accept-Language.
func (c *Catalogue) For(r *http.Request) *Words {
	header := r.Header.Get("Accept-Language")
	if len(header) > maxHeader {
		return c.load(Fallback)
	}
	wishes, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(wishes) == 0 {
		return c.load(Fallback)
	}
	names, matcher := c.tags()
	return c.load(c.near(names, matcher, wishes...))
}

func (c *Catalogue) load(tag string) *Words {
	if w, ok := c.read.Load(tag); ok {
		return w.(*Words)
	}
	data, err := fs.ReadFile(c.files, c.folder+"/"+tag+".yaml")
	if err != nil {
		panic(fmt.Sprintf("the words of %s: %v", tag, err)) // embedded and listed
	}
	w := &Words{Tag: tag}
	if err := yaml.Unmarshal(data, &w.texts); err != nil {
		panic(fmt.Sprintf("the words of %s: %v", tag, err)) // embedded: a test of each catalogue reads all of them
	}
	c.read.Store(tag, w)
	return w
}

// Words are texts by key in one language.
type Words struct {
	Tag   string // BCP 47
	texts map[string]string
}

// Keys are those that there are texts for, sorted.
func (w *Words) Keys() []string {
	keys := make([]string, 0, len(w.texts))
	for key := range w.texts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Dir is the direction that the language is written in: ltr or rtl.
func (w *Words) Dir() string { return Dir(w.Tag) }

// Text gives a text with each {name} replaced by what follows the name in pairs, for attributes and titles.
func (w *Words) Text(key string, pairs ...any) string {
	text := w.texts[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return text
}

// Say is Text as HTML, with the values kept apart from the direction of the text around them.
func (w *Words) Say(key string, pairs ...any) HTML {
	text := html.EscapeString(w.texts[key])
	for i := 0; i+1 < len(pairs); i += 2 {
		value := "<bdi>" + html.EscapeString(fmt.Sprint(pairs[i+1])) + "</bdi>"
		text = strings.ReplaceAll(text, fmt.Sprintf("{%v}", pairs[i]), value)
	}
	return HTML(text) // escaped above
}

// Dir is the direction that a language is written in: ltr or rtl.
func Dir(tag string) string {
	script, _ := language.Make(tag).Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo":
		return "rtl"
	}
	return "ltr"
}

// HTMLLang is a language for the attribute lang, with the script where readers and fonts want to know it.
func HTMLLang(tag string) string {
	parsed, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	base, _ := parsed.Base()
	if script, _ := parsed.Script(); base.String() == "zh" || base.String() == "sr" {
		return base.String() + "-" + script.String()
	}
	return tag
}
