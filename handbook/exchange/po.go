package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// WritePO gives a file as PO. What is open is fuzzy.
func WritePO(f File) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s, edition %s\nmsgid \"\"\nmsgstr \"\"\n", f.Book, strings.Join(strings.Fields(f.Edition), " "))
	for _, header := range [][2]string{
		{"Project-Id-Version", f.Book + " " + f.Edition}, {"Language", f.Language}, {"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=UTF-8"}, {"Content-Transfer-Encoding", "8bit"}, {"X-Source-Language", f.Source},
	} {
		fmt.Fprintf(&out, "%s\n", quoted(header[0]+": "+header[1]+"\n"))
	}
	for _, u := range f.Units {
		fmt.Fprintf(&out, "\n#: %s.md\n", u.Part)
		if u.Open {
			out.WriteString("#, fuzzy\n")
		}
		fmt.Fprintf(&out, "msgctxt %s\n", quoted(u.Key()))
		writeLines(&out, "msgid", u.Source)
		writeLines(&out, "msgstr", u.Target)
	}
	return out.Bytes()
}

func writeLines(out *bytes.Buffer, keyword, text string) {
	if !strings.Contains(strings.TrimSuffix(text, "\n"), "\n") {
		fmt.Fprintf(out, "%s %s\n", keyword, quoted(text))
		return
	}
	fmt.Fprintf(out, "%s \"\"\n", keyword)
	for line := range strings.SplitAfterSeq(text, "\n") {
		if line != "" {
			fmt.Fprintf(out, "%s\n", quoted(line))
		}
	}
}

var poEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\r", `\r`)

func quoted(text string) string { return `"` + poEscapes.Replace(text) + `"` }

// poEntry is an entry while it is read.
type poEntry struct {
	fuzzy bool
	seen  map[string]bool
	text  map[string]string
	at    string // the keyword whose lines go on
	begin int    // line of msgstr
}

// ReadPO reads a PO file as programs of translators write them. The error is handbook.Problems, with the lines of the file.
func ReadPO(name string, data []byte) (File, error) {
	r := &poReader{reading: reading{name: name}, seen: map[string]bool{}}
	if !r.readable(data) {
		return File{}, r.err()
	}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	for i, line := range lines {
		r.line(i+1, strings.TrimRight(line, " \t"))
	}
	r.finish(len(lines))
	if !r.headed {
		r.add(1, "the header is missing: an entry with an empty msgid")
	}
	return r.file, r.err()
}

func (r *reading) readable(data []byte) bool {
	switch {
	case len(data) > MaxBytes:
		r.add(0, fmt.Sprintf("the file is larger than %d MiB", MaxBytes>>20))
	case !utf8.Valid(data):
		r.add(0, "the file is not UTF-8")
	case bytes.IndexByte(data, 0) >= 0:
		r.add(1+bytes.Count(data[:bytes.IndexByte(data, 0)], []byte("\n")), "there is a control character here")
	default:
		return true
	}
	return false
}

type poReader struct {
	reading
	file   File
	entry  *poEntry
	seen   map[string]bool
	headed bool
}

// order is how the keywords of an entry follow each other.
var order = []string{"msgctxt", "msgid", "msgstr"}

func (r *poReader) line(n int, line string) {
	keyword, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "":
		r.finish(n)
	case strings.HasPrefix(line, "#"):
		r.comment(n, line)
	case strings.HasPrefix(line, `"`):
		r.more(n, line)
	case keyword == "msgctxt", keyword == "msgid", keyword == "msgstr":
		r.begin(n, keyword, strings.TrimSpace(rest))
	case strings.HasPrefix(keyword, "msgid_plural"), strings.HasPrefix(keyword, "msgstr["):
		r.add(n, "plural forms are not used in a handbook")
	default:
		r.add(n, "this is no line of a PO file; there are comments (#), msgctxt, msgid, msgstr and texts in quotes")
	}
}

func (r *poReader) comment(n int, line string) {
	if strings.HasPrefix(line, "#~") {
		return // what translators' programs keep of older files
	}
	if r.entry != nil && r.entry.at == "msgstr" {
		r.finish(n)
	}
	if !strings.HasPrefix(line, "#,") {
		return
	}
	for flag := range strings.SplitSeq(line[2:], ",") {
		if strings.TrimSpace(flag) == "fuzzy" {
			r.current().fuzzy = true
		}
	}
}

func (r *poReader) current() *poEntry {
	if r.entry == nil {
		r.entry = &poEntry{seen: map[string]bool{}, text: map[string]string{}}
	}
	return r.entry
}

func (r *poReader) begin(n int, keyword, rest string) {
	if r.entry != nil && r.entry.at == "msgstr" {
		r.finish(n)
	}
	e := r.current()
	for _, later := range order[indexOf(keyword):] {
		if e.seen[later] {
			r.add(n, fmt.Sprintf("%s is not in its place; an entry has msgctxt, msgid and msgstr, in this order", keyword))
			return
		}
	}
	e.seen[keyword], e.at = true, keyword
	if keyword == "msgstr" {
		e.begin = n
	}
	r.more(n, rest)
}

func indexOf(keyword string) int {
	for i, known := range order {
		if known == keyword {
			return i
		}
	}
	return 0
}

// more adds a text in quotes.
func (r *poReader) more(n int, text string) {
	if r.entry == nil || r.entry.at == "" {
		r.add(n, "a text in quotes stands here without msgid or msgstr")
		return
	}
	value, ok := unquoted(text)
	if !ok {
		r.add(n, `a text must be in quotes, with \n, \t, \" and \\ for what cannot stand in it`)
		return
	}
	e := r.entry
	if len(e.text[e.at])+len(value) > maxUnit {
		r.add(n, fmt.Sprintf("the text is longer than %d KiB", maxUnit>>10))
		return
	}
	if e.at == "msgstr" && e.text[e.at] == "" && value != "" {
		e.begin = n // where the words are
	}
	e.text[e.at] += value
}

func unquoted(text string) (string, bool) {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return "", false
	}
	text = text[1 : len(text)-1]
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return "", false
		case '\\':
			i++
			if i == len(text) {
				return "", false
			}
			plain, ok := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\'}[text[i]]
			if !ok {
				return "", false
			}
			out.WriteByte(plain)
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String(), true
}

// finish takes an entry in.
func (r *poReader) finish(n int) {
	e := r.entry
	r.entry = nil
	switch {
	case e == nil || len(e.seen) == 0:
		return
	case !e.seen["msgid"] || !e.seen["msgstr"]:
		r.add(n, "the entry has no msgid or no msgstr")
		return
	case e.text["msgid"] == "" && e.text["msgctxt"] == "":
		r.header(e)
		return
	}
	r.unit(e)
}

func (r *poReader) header(e *poEntry) {
	if r.headed {
		r.add(e.begin, "the header is here twice")
		return
	}
	r.headed = true
	for line := range strings.SplitSeq(e.text["msgstr"], "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "language":
			r.file.Language = value
		case "x-source-language":
			r.file.Source = value
		case "content-type":
			if !strings.Contains(strings.ToLower(value), "charset=utf-8") {
				r.add(e.begin, "the file says that it is not in UTF-8")
			}
		}
	}
	if r.file.Language == "" {
		r.add(e.begin, "the header does not say the Language")
	}
}

func (r *poReader) unit(e *poEntry) {
	key := e.text["msgctxt"]
	part, anchor, hash, ok := cutKey(key)
	switch {
	case !ok:
		r.add(e.begin, fmt.Sprintf("msgctxt is %q; it must be SECTION/ANCHOR/HASH, as it was exported", shortened(key)))
		return
	case r.seen[part+"/"+anchor]:
		r.add(e.begin, fmt.Sprintf("%s/%s is here twice", part, anchor))
		return
	case len(r.file.Units) >= maxUnits:
		r.add(e.begin, fmt.Sprintf("there are more than %d entries", maxUnits))
		return
	}
	r.seen[part+"/"+anchor] = true
	r.file.Units = append(r.file.Units, Unit{Part: part, Anchor: anchor, Hash: hash, Source: e.text["msgid"], Target: e.text["msgstr"], Open: e.fuzzy, Line: e.begin})
}

const maxShown = 80 // bytes

func shortened(text string) string {
	if len(text) > maxShown {
		return strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}
