package handbook

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Local is what a hospital shows besides an edition.
type Local struct {
	// Files are sections of its own, and others that take the place of the edition's: LANGUAGE/ID.md, images, a book.yaml
	// that has nothing but chapters, and in LANGUAGE/book.yaml the titles of those. nil is for none.
	Files fs.FS
	// Languages are those that are shown besides the source's; empty for all.
	Languages []string
}

// localName stands before the names of local files in problems.
const localName = "local/"

// Overlay puts what is local over an edition. The result is an edition for Load, which has the last word: what is wrong with
// the local files alone is an error that is Problems.
func Overlay(edition fs.FS, local Local) (fs.FS, error) {
	if local.Files == nil && len(local.Languages) == 0 {
		return edition, nil
	}
	o := &overlay{edition: edition, local: local.Files, log: &log{}, titles: map[string]map[string]string{}}
	if err := o.read(local.Languages); err != nil {
		return nil, err
	}
	if len(o.log.problems) > 0 {
		return nil, Problems(o.log.problems)
	}
	return InMemory(o.files)
}

type overlay struct {
	log     *log
	edition fs.FS
	local   fs.FS
	book    *Book
	files   map[string][]byte            // of the result
	more    []Chapter                    // of the local book.yaml
	titles  map[string]map[string]string // by language and chapter, of local chapters
}

func (o *overlay) read(languages []string) error {
	l := &loader{log: o.log, edition: o.edition, book: &Book{}}
	text, err := l.read(bookFile, maxYAML)
	if err != nil {
		return err
	}
	if text == nil || !l.bookYAML(text) {
		return nil
	}
	o.book = l.book
	if len(languages) > 0 {
		o.book.Languages = slices.DeleteFunc(o.book.Languages, func(tag string) bool {
			return tag != o.book.Source && !slices.Contains(languages, tag)
		})
	}
	if o.files, err = contents(o.edition, o.shows); err != nil {
		return err
	}
	if o.local != nil {
		if err := o.readLocal(); err != nil {
			return err
		}
	}
	fresh := o.merge()
	o.files[bookFile] = o.bookYAML()
	return o.writeTitles(fresh)
}

// shows reports whether a file is of a language that is shown.
func (o *overlay) shows(path string) bool {
	tag, _, inFolder := strings.Cut(path, "/")
	return !inFolder || tag == imageFolder || slices.Contains(o.book.Languages, tag)
}

// contents reads the files of an edition, within the bounds of its format.
func contents(files fs.FS, wanted func(path string) bool) (map[string][]byte, error) {
	out := map[string][]byte{}
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !wanted(path) {
			return err
		}
		l := &loader{log: &log{}, edition: files}
		text, err := l.read(path, maxImage)
		if err == nil && text == nil {
			err = Problems(l.log.problems)
		}
		if len(out) >= maxLocal {
			err = Problems{{File: path, Reason: fmt.Sprintf("there are more than %d files", maxLocal)}}
		}
		out[path] = text
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading files of the handbook: %w", err)
	}
	return out, nil
}

// maxLocal bounds the files that are put together.
const maxLocal = 10_000

func (o *overlay) readLocal() error {
	files, err := contents(o.local, func(string) bool { return true })
	if err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(localName, "/"), err)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		tag, name, inFolder := strings.Cut(path, "/")
		switch {
		case path == bookFile:
			o.plan(files[path])
		case inFolder && tag == imageFolder && imageForm().MatchString(path):
			o.files[path] = files[path]
		case inFolder && name == bookFile && validTag(tag):
			o.localTitles(tag, files[path])
		case inFolder && validTag(tag) && strings.HasSuffix(name, ".md") && validID(strings.TrimSuffix(name, ".md")):
			if o.shows(path) {
				o.files[path] = files[path]
			}
		default:
			o.log.add(localName+path, 0, "local files are sections (LANGUAGE/ID.md), images, and the plan and titles of their chapters (book.yaml)")
		}
	}
	return nil
}

func (o *overlay) plan(text []byte) {
	if !readable(o.log, localName+bookFile, text) {
		return
	}
	if f, ok := readFields(o.log, localName+bookFile, text, 0); ok {
		f.only([]string{"chapters"}, nil)
		o.more = chapters(f)
	}
}

func (o *overlay) localTitles(tag string, text []byte) {
	file := localName + tag + "/" + bookFile
	if !readable(o.log, file, text) {
		return
	}
	f, ok := readFields(o.log, file, text, 0)
	if !ok {
		return
	}
	f.only([]string{"chapters"}, nil)
	names := f.section("chapters", maxChapters)
	o.titles[tag] = map[string]string{}
	for _, id := range names.keys {
		o.titles[tag][id] = names.text(id)
	}
}

// merge adds local chapters and sections to the plan, and returns the chapters that the edition does not have.
func (o *overlay) merge() (fresh []string) {
	var placed []string
	for _, c := range o.book.Chapters {
		placed = append(placed, c.Sections...)
	}
	for _, c := range o.more {
		c.Sections = slices.DeleteFunc(c.Sections, func(id string) bool { return slices.Contains(placed, id) })
		at := slices.IndexFunc(o.book.Chapters, func(there Chapter) bool { return there.ID == c.ID })
		if at >= 0 {
			o.book.Chapters[at].Sections = append(o.book.Chapters[at].Sections, c.Sections...)
			continue
		}
		if len(c.Sections) > 0 {
			o.book.Chapters = append(o.book.Chapters, c)
			fresh = append(fresh, c.ID)
		}
	}
	return fresh
}

func (o *overlay) bookYAML() []byte {
	var out bytes.Buffer
	b := o.book
	fmt.Fprintf(&out, "id: %s\nedition: %s\ndate: %s\nsource: %s\nlanguages: [%s]\n%s",
		b.ID, quotedYAML(b.Edition), b.Date, b.Source, strings.Join(b.Languages, ", "), WriteChapters(b.Chapters))
	return out.Bytes()
}

// writeTitles adds the titles of new chapters to the titles of each language: in the source's language where the local files
// have none.
func (o *overlay) writeTitles(fresh []string) error {
	if len(fresh) == 0 {
		return nil
	}
	before := slices.DeleteFunc(slices.Clone(o.book.Chapters), func(c Chapter) bool { return slices.Contains(fresh, c.ID) })
	for _, tag := range o.book.Languages {
		file := tag + "/" + bookFile
		text, there := o.files[file]
		if !there {
			continue
		}
		t := parseTitles(o.log, file, text, tag == o.book.Source, before)
		if t == nil {
			continue
		}
		for _, id := range fresh {
			title := o.titles[tag][id]
			if title == "" {
				title = o.titles[o.book.Source][id]
			}
			if title == "" {
				o.log.add(localName+o.book.Source+"/"+bookFile, 0, "the chapter %q has no title", id)
			}
			t.Chapters[id] = title
		}
		o.files[file] = append(WriteProvenance(t.Provenance), WriteTitles(t, o.book.Chapters)...)
	}
	return nil
}

// InMemory makes files that can be read as those of a folder.
func InMemory(files map[string][]byte) (fs.FS, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		to, err := archive.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
		if err == nil {
			_, err = to.Write(files[path])
		}
		if err != nil {
			return nil, fmt.Errorf("holding files of the handbook in memory: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("holding files of the handbook in memory: %w", err)
	}
	in, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		return nil, fmt.Errorf("holding files of the handbook in memory: %w", err)
	}
	return in, nil
}
