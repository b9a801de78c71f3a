package handbook

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Bounds of an edition.
const (
	maxYAML      = 512 << 10 // bytes of book.yaml, titles and a glossary
	maxImage     = 2 << 20   // bytes of one image
	maxImages    = 200
	maxLanguages = 64
	maxChapters  = 30
	maxSections  = 300 // in one language
	maxTerms     = 2000
	maxAlso      = 20 // other words for a term
	maxTag       = 20 // bytes of a language tag
)

// reserved are the pages that every language has beside its sections, for readers and for editors.
var reserved = []string{"search", "glossary", "changes", "offline", "export", "import"}

const (
	bookFile     = "book.yaml"
	glossaryFile = "glossary.yaml"
	imageFolder  = "images"
)

// Load reads an edition from a folder, book.yaml at its top. Everything in the folder must be of the
// format: the error is Problems, with all that was found, and there is no Book then. A folder that
// cannot be read gives another error.
func Load(edition fs.FS) (*Book, error) {
	l := &loader{log: &log{}, edition: edition, book: &Book{
		titles: map[string]*Titles{}, glossaries: map[string]*Glossary{},
		sections: map[string]map[string]*Section{}, images: map[string]bool{}, anchors: map[string]string{},
	}}
	if err := l.load(); err != nil {
		return nil, fmt.Errorf("reading the handbook: %w", err)
	}
	if len(l.log.problems) > 0 {
		return nil, Problems(l.log.problems)
	}
	return l.book, nil
}

type loader struct {
	log     *log
	edition fs.FS
	book    *Book
}

func (l *loader) load() error {
	text, err := l.read(bookFile, maxYAML)
	if err != nil {
		return err
	}
	if text == nil || !l.bookYAML(text) {
		return nil // without its plan nothing else of the edition can be judged
	}
	if err := l.top(); err != nil {
		return err
	}
	l.complete()
	return nil
}

// read gives the bytes of a regular file of at most limit bytes; nil where that was reported.
func (l *loader) read(file string, limit int64) ([]byte, error) {
	info, err := fs.Stat(l.edition, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.log.add(file, 0, "the file is missing")
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("looking at %s: %w", file, err)
	case !info.Mode().IsRegular(): // a pipe would never end
		l.log.add(file, 0, "this is no plain file")
		return nil, nil
	}
	f, err := l.edition.Open(file)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", file, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if int64(len(text)) > limit {
		l.log.add(file, 0, "the file is larger than %d KiB", limit>>10)
		return nil, nil
	}
	return text, nil
}

func (l *loader) bookYAML(text []byte) bool {
	if !readable(l.log, bookFile, text) {
		return false
	}
	before := len(l.log.problems)
	f, ok := readFields(l.log, bookFile, text, 0)
	if !ok {
		return false
	}
	f.only([]string{"id", "edition", "date", "source", "languages", "chapters"}, nil)
	b := l.book
	b.ID, b.Edition, b.Date, b.Source = f.text("id"), f.text("edition"), f.date("date"), f.text("source")
	if b.ID != "" && !validID(b.ID) {
		l.log.add(bookFile, f.lineOf("id"), "id is %q; it must be of small letters, digits and single hyphens", b.ID)
	}
	b.Languages = f.texts("languages", maxLanguages)
	for _, tag := range b.Languages {
		if !validTag(tag) {
			l.log.add(bookFile, f.lineOf("languages"), "%q is no language tag, such as en or zh-Hant", tag)
		}
	}
	if !slices.Contains(b.Languages, b.Source) {
		l.log.add(bookFile, f.lineOf("source"), "the source's language %q is not among the languages", b.Source)
	}
	b.Chapters = chapters(f)
	return len(l.log.problems) == before
}

// validTag accepts well-formed tags in the case that BCP 47 recommends: they are names of folders too.
func validTag(tag string) bool {
	parsed, err := language.Parse(tag)
	return err == nil && len(tag) <= maxTag && parsed.String() == tag
}

func chapters(f fields) []Chapter {
	var out []Chapter
	seen := map[string]bool{}
	for _, n := range f.list("chapters", maxChapters) {
		c, ok := f.enter(n, "a chapter")
		if !ok {
			continue
		}
		c.only([]string{"id", "sections"}, nil)
		chapter := Chapter{ID: c.text("id"), Sections: c.texts("sections", maxSections)}
		for i, id := range append([]string{chapter.ID}, chapter.Sections...) {
			key := id
			if i == 0 {
				key = "chapter " + id
			}
			switch {
			case !validID(id):
				c.log.add(c.file, c.line, "%q is no id; ids are of small letters, digits and single hyphens", id)
			case i > 0 && slices.Contains(reserved, id):
				c.log.add(c.file, c.line, "%q is a page of the handbook itself; name the section otherwise", id)
			case seen[key]:
				c.log.add(c.file, c.line, "%q is here twice", id)
			}
			seen[key] = true
		}
		out = append(out, chapter)
	}
	return out
}

// top reads what lies beside book.yaml: a folder for each language, and images.
func (l *loader) top() error {
	entries, err := l.list(".", maxLanguages+2)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case name == bookFile && entry.Type().IsRegular():
		case name == imageFolder && entry.IsDir():
			err = l.imageFiles()
		case entry.IsDir() && slices.Contains(l.book.Languages, name):
			err = l.languageFolder(name)
		case entry.IsDir():
			l.log.add(name, 0, "the folder belongs to no language of %s; %s", bookFile, didYouMean(name, l.book.Languages))
		default:
			l.log.add(name, 0, "the file has no place here; there are %s and a folder for each language", bookFile)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) list(folder string, limit int) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(l.edition, folder)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	if len(entries) > limit {
		l.log.add(folder, 0, "there are more than %d files", limit)
		return nil, nil
	}
	return entries, nil
}

func (l *loader) imageFiles() error {
	entries, err := l.list(imageFolder, maxImages)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := imageFolder + "/" + entry.Name()
		if !entry.Type().IsRegular() || !imageForm().MatchString(path) {
			l.log.add(path, 0, "images are files named like name.png, name.jpg or name.webp, in small letters")
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return fmt.Errorf("looking at %s: %w", path, err)
		}
		if info.Size() > maxImage {
			l.log.add(path, 0, "the file is larger than %d KiB", maxImage>>10)
		}
		l.book.images[path] = true
	}
	return nil
}

func (l *loader) languageFolder(tag string) error {
	l.book.sections[tag] = map[string]*Section{}
	entries, err := l.list(tag, maxSections+2)
	if err != nil {
		return err
	}
	ids := l.book.SectionIDs()
	for _, entry := range entries {
		file := tag + "/" + entry.Name()
		id, isSection := strings.CutSuffix(entry.Name(), ".md")
		limit := int64(maxYAML)
		switch {
		case !entry.Type().IsRegular():
			l.log.add(file, 0, "only plain files may be here")
			continue
		case isSection && !slices.Contains(ids, id):
			l.log.add(file, 0, "the section %q is in no chapter of %s; %s", id, bookFile, didYouMean(id, ids))
			continue
		case isSection:
			limit = maxSection
		case entry.Name() != bookFile && entry.Name() != glossaryFile:
			l.log.add(file, 0, "the file has no place here; there are sections (.md), %s and %s", bookFile, glossaryFile)
			continue
		}
		text, err := l.read(file, limit)
		if err != nil {
			return err
		}
		if text != nil {
			l.file(tag, id, file, text)
		}
	}
	return nil
}

// file reads one file of a language's folder.
func (l *loader) file(tag, id, file string, text []byte) {
	original := tag == l.book.Source
	switch file {
	case tag + "/" + bookFile:
		if t := parseTitles(l.log, file, text, original, l.book.Chapters); t != nil && l.sameLanguage(t.Language, tag, file) {
			l.book.titles[tag] = t
		}
		return
	case tag + "/" + glossaryFile:
		if g := parseGlossary(l.log, file, text, original); g != nil && l.sameLanguage(g.Language, tag, file) {
			l.book.glossaries[tag] = g
		}
		return
	}
	s := parseSection(l.log, file, text, original)
	if s == nil || !l.sameLanguage(s.Language, tag, file) {
		return
	}
	if s.ID != id {
		l.log.add(file, 2, "id is %q, but the file is named %q", s.ID, id+".md")
		return
	}
	l.book.sections[tag][id] = s
}

func (l *loader) sameLanguage(got, folder, file string) bool {
	if got != folder {
		l.log.add(file, 0, "language is %q, but the folder is %q", got, folder)
	}
	return got == folder
}
