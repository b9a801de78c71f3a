package handbook

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/internal/pattern"
)

// Status says how far a text may be trusted.
type Status string

// The statuses, in the order in which a text goes through them.
const (
	Machine  Status = "machine"  // translated by a machine, read by nobody
	Draft    Status = "draft"    // written or corrected by a person, or an original that nobody has reviewed
	Reviewed Status = "reviewed" // read by somebody other than the translator, who knows the subject
	Approved Status = "approved" // released by a hospital's editors for use in its wards
)

// Statuses lists them in their order.
func Statuses() []Status { return []Status{Machine, Draft, Reviewed, Approved} }

var statusNames = []string{string(Machine), string(Draft), string(Reviewed), string(Approved)}

// Provenance says in which language a text is, who made it and how far it has come.
type Provenance struct {
	Language   string // BCP 47, as the folder is called
	Status     Status
	Author     string // of an original; empty for translations
	Translator string // of a translation; empty for originals
	Reviewer   string // empty below Reviewed; never the author or the translator
	Written    Date
	Updated    Date
}

// Citation is a publication that a statement rests on.
type Citation struct {
	Key       string // as the text cites it: [@key]
	Authors   string
	Title     string
	Year      int
	Publisher string // a publisher or a journal with volume and pages
	URL       string // https; may be empty if there is a DOI
	DOI       string // without https://doi.org/; may be empty if there is a URL
	LookedUp  Date   // when somebody saw that the publication exists
	SeenAt    string // https: the page where it was seen
}

// Section is one section in one language.
type Section struct {
	Provenance
	ID           string
	Title        string
	File         string            // its path in the edition
	SourceHash   string            // of a translation: Hash of the source it was made from
	SourceBlocks map[string]string // of a translation: Hash by anchor of the source's blocks it was made from
	Citations    []Citation        // of an original; a translation has those of its source
	Body         string            // Markdown, without the front matter
	BodyLine     int               // the line of the file that Body begins on
	Blocks       []Block           // Body by heading; together they are the whole of it
	Hash         string            // over title and text, 32 hexadecimal digits
}

// Original reports whether s was translated from nothing.
func (s *Section) Original() bool { return s.SourceHash == "" }

// Block finds a block by its anchor.
func (s *Section) Block(anchor string) (Block, bool) {
	i := slices.IndexFunc(s.Blocks, func(b Block) bool { return b.Anchor == anchor })
	if i < 0 {
		return Block{}, false
	}
	return s.Blocks[i], true
}

const (
	maxSection   = 64 << 10 // bytes of one section's file
	maxCitations = 100      // in one section
	maxBlocks    = 100      // in one section
)

var (
	idForm  = pattern.Lazy(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	doiForm = pattern.Lazy(`^10\.[0-9]{4,9}/\S+$`)
)

// maxID bounds ids, keys and anchors, in bytes.
const maxID = 64

func validID(id string) bool { return len(id) <= maxID && idForm().MatchString(id) }

// parseSection reads a section's file. It gives nil where something was reported.
func parseSection(l *log, file string, text []byte, original bool) *Section {
	before := len(l.problems)
	if !readable(l, file, text) {
		return nil
	}
	head, body, headLines, ok := cutFrontMatter(l, file, text)
	if !ok {
		return nil
	}
	s := &Section{File: file, Body: string(body), BodyLine: headLines + 1}
	if f, ok := readFields(l, file, head, 1); ok {
		s.frontMatter(f, original)
	}
	s.Blocks = parseBody(l, s)
	s.Hash = sectionHash(s.Title, s.Body)
	if len(l.problems) > before {
		return nil
	}
	return s
}

// readable refuses bytes that are no text.
func readable(l *log, file string, text []byte) bool {
	if !utf8.Valid(text) {
		l.add(file, 0, "the file is not UTF-8")
		return false
	}
	if i := forbiddenRune(string(text)); i >= 0 {
		l.add(file, 1+bytes.Count(text[:i], []byte("\n")), "there is a control character here; remove it")
		return false
	}
	return true
}

// forbiddenRune finds what no text of a handbook needs: control characters, and marks that turn around
// how the following text is shown, so that it reads otherwise than it is stored.
func forbiddenRune(text string) int {
	return strings.IndexFunc(text, func(r rune) bool {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return false
		case r == '\ufeff', r >= '\u202a' && r <= '\u202e':
			return true
		}
		return unicode.IsControl(r)
	})
}

// cutFrontMatter splits a file at the lines of three dashes; lines is the number of lines up to the
// second of them.
func cutFrontMatter(l *log, file string, text []byte) (head, body []byte, lines int, ok bool) {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	rest, found := bytes.CutPrefix(text, []byte("---\n"))
	if !found {
		l.add(file, 1, "the file must begin with front matter between two lines of three dashes")
		return nil, nil, 0, false
	}
	head, body, found = bytes.Cut(rest, []byte("\n---\n"))
	if !found {
		l.add(file, 1, "the front matter has no end: a line of three dashes is missing")
		return nil, nil, 0, false
	}
	return head, body, bytes.Count(head, []byte("\n")) + 3, true
}

func (s *Section) frontMatter(f fields, original bool) {
	required := []string{"id", "language", "title", "status", "written", "updated"}
	if original {
		required = append(required, "author", "citations")
	} else {
		required = append(required, "translator", "source_hash", "source_blocks")
	}
	f.only(required, []string{"reviewer"})
	s.ID, s.Title = f.text("id"), f.text("title")
	if s.ID != "" && !validID(s.ID) {
		f.log.add(f.file, f.lineOf("id"), "id is %q; it must be of small letters, digits and single hyphens", s.ID)
	}
	s.Provenance = f.provenance(original)
	if original {
		s.Citations = f.citations()
		return
	}
	s.SourceHash = f.hash("source_hash")
	s.SourceBlocks = map[string]string{}
	blocks := f.section("source_blocks", maxBlocks)
	for _, anchor := range blocks.keys {
		s.SourceBlocks[anchor] = blocks.hash(anchor)
	}
}

func (f fields) hash(key string) string {
	value := f.text(key)
	if value != "" && !hashForm().MatchString(value) {
		f.log.add(f.file, f.lineOf(key), "%s is no hash: it must be %d hexadecimal digits, as `medix handbook hashes` prints them",
			key, hashLength)
		return ""
	}
	return value
}

// provenance reads the keys that sections, titles and glossaries have in common.
func (f fields) provenance(original bool) Provenance {
	p := Provenance{
		Language: f.text("language"), Status: Status(f.oneOf("status", statusNames)), Reviewer: f.text("reviewer"),
		Written: f.date("written"), Updated: f.date("updated"),
	}
	maker := "translator"
	if original {
		maker, p.Author = "author", f.text("author")
	} else {
		p.Translator = f.text("translator")
	}
	refuse := func(key, format string, args ...any) { f.log.add(f.file, f.lineOf(key), format, args...) }
	reviewed := p.Status == Reviewed || p.Status == Approved
	switch {
	case original && p.Status == Machine:
		refuse("status", "status is machine, but this is the source; it begins as a draft")
	case reviewed && p.Reviewer == "":
		refuse("status", "status is %s, but no reviewer is named", p.Status)
	case !reviewed && p.Reviewer != "":
		refuse("reviewer", "a reviewer is named, but status is %s", p.Status)
	case reviewed && strings.EqualFold(p.Reviewer, p.Author+p.Translator):
		refuse("reviewer", "the reviewer must be somebody other than the %s", maker)
	}
	if p.Updated < p.Written {
		refuse("updated", "updated is before written")
	}
	return p
}

func (f fields) citations() []Citation {
	var out []Citation
	for _, n := range f.list("citations", maxCitations) {
		c, ok := f.enter(n, "a citation")
		if !ok {
			continue
		}
		c.only([]string{"key", "authors", "title", "year", "publisher", "looked_up", "seen_at"}, []string{"url", "doi"})
		cite := Citation{
			Key: c.text("key"), Authors: c.text("authors"), Title: c.text("title"), Year: c.year("year"),
			Publisher: c.text("publisher"), URL: c.https("url"), DOI: c.text("doi"),
			LookedUp: c.date("looked_up"), SeenAt: c.https("seen_at"),
		}
		switch {
		case cite.Key != "" && !validID(cite.Key):
			c.log.add(c.file, c.lineOf("key"), "key is %q; it must be of small letters, digits and single hyphens", cite.Key)
		case slices.ContainsFunc(out, func(o Citation) bool { return o.Key == cite.Key }):
			c.log.add(c.file, c.lineOf("key"), "the citation %q is listed twice", cite.Key)
		case c.values["url"] == nil && c.values["doi"] == nil:
			c.log.add(c.file, c.line, "the citation %q has neither url nor doi", cite.Key)
		case cite.DOI != "" && !doiForm().MatchString(cite.DOI):
			c.log.add(c.file, c.lineOf("doi"), "doi is %q; it must be like 10.1056/NEJMoa2021436, without an address", cite.DOI)
		}
		out = append(out, cite)
	}
	return out
}

func (f fields) https(key string) string {
	value := f.text(key)
	if value != "" && !isHTTPS(value) {
		f.log.add(f.file, f.lineOf(key), "%s is %q; it must be an https address", key, value)
		return ""
	}
	return value
}

func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && !strings.ContainsAny(address, " \"<>\\^`{|}")
}
