package exchange

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

func small(t testing.TB) *handbook.Book {
	t.Helper()
	book, err := handbook.Load(os.DirFS("../site/testdata/edition"))
	require.NoError(t, err)
	return book
}

func copies(t testing.TB, book *handbook.Book, language string) []*desk.Copy {
	t.Helper()
	var all []*desk.Copy
	for _, id := range book.SectionIDs() {
		all = append(all, desk.New(desk.Options{}).Published(desk.Name{Language: language, Part: id}, book))
	}
	return all
}

var forms = map[string]struct {
	write func(File) []byte
	read  func(string, []byte) (File, error)
}{"po": {WritePO, ReadPO}, "xliff": {WriteXLIFF, ReadXLIFF}}

// TestAFileComesBackAsItWent exports every language of both editions and reads it again.
func TestAFileComesBackAsItWent(t *testing.T) {
	whole, err := handbook.Load(handbook.Embedded())
	require.NoError(t, err)
	for _, book := range []*handbook.Book{small(t), whole} {
		for _, language := range book.Languages {
			if language == book.Source {
				continue
			}
			sent := Export(book, language, copies(t, book, language))
			require.NotEmpty(t, sent.Units)
			for name, form := range forms {
				got, err := form.read("file", form.write(sent))
				require.NoError(t, err, name)
				require.Equal(t, language, got.Language)
				require.Len(t, got.Units, len(sent.Units))
				for i, u := range got.Units {
					u.Line = 0
					if u.Target == "" { // XLIFF says of nothing whether it is open
						u.Open = sent.Units[i].Open
					}
					require.Equal(t, sent.Units[i], u, "%s %s", name, language)
				}
				_, err = Take(book, got, "file")
				require.NoError(t, err, "%s %s", name, language)
			}
		}
	}
}

// german is the small edition's file for German, with words replaced.
func german(t *testing.T, form, old, with string) []byte {
	t.Helper()
	book := small(t)
	text := string(forms[form].write(Export(book, "de", copies(t, book, "de"))))
	if old == "" {
		return []byte(text)
	}
	require.Contains(t, text, old)
	return []byte(strings.Replace(text, old, with, 1))
}

func TestWhatATranslatorChangedIsTaken(t *testing.T) {
	book := small(t)
	for name, form := range forms {
		f, err := form.read("de."+name, german(t, name, "Flüssigkeit geben", "Wasser geben"))
		require.NoError(t, err)
		taken, err := Take(book, f, "de."+name)
		require.NoError(t, err)
		require.Len(t, taken, 1)
		source, _ := book.Section("en", "fever")
		e := taken[0].Edit(source, copies(t, book, "de")[0], "from a file")
		require.Contains(t, e.Text.Body, "Wasser geben")
		require.Equal(t, "Fieber", e.Text.Title)
		require.Equal(t, source.Hash, e.Seen)
	}
}

func TestWhatMustNotComeBackIsRefusedWithItsLine(t *testing.T) {
	book := small(t)
	block, _ := sectionOf(t, book, "fever").Block("fever-brief")
	for name, c := range map[string]struct{ old, with, want string }{
		"another original":       {block.Hash, strings.Repeat("0", 32), "has changed since this file was made"},
		"an original rewritten":  {"Measure the temperature of every", "Measure the weight of every", "was changed in this file"},
		"a citation is gone":     {"Patienten die Temperatur messen [@example-one]", "Patienten die Temperatur messen", "citations are none"},
		"another citation":       {"Patienten die Temperatur messen [@example-one]", "Patienten die Temperatur messen [@example-two]", "citations are example-two"},
		"a link leads elsewhere": {"Siehe [Sauerstoff](#oxygen-flow)", "Siehe [Sauerstoff](#oxygen-brief)", "links to anchors"},
		"an anchor is changed":   {"Kurz gesagt {#fever-brief}", "Kurz gesagt {#fever-kurz}", "must begin with the heading"},
		"no anchor":              {"Kurz gesagt {#fever-brief}", "Kurz gesagt", "has no anchor"},
		"another heading":        {"Flüssigkeit geben. ", "Flüssigkeit geben.\n\n## Neu {#fever-new}\n\nText. ", "and have no other"},
		"HTML":                   {"Flüssigkeit geben", "<b>Flüssigkeit</b> geben", "HTML is not allowed"},
		"a script":               {"Flüssigkeit geben", "<script>alert(1)</script>", "HTML is not allowed"},
		"a link to a script":     {"Flüssigkeit geben", "[x](javascript:alert(1))", "is not allowed"},
		"an unknown section":     {"fever/fever-brief/", "plague/fever-brief/", `no section "plague"`},
		"an unknown heading":     {"fever/fever-brief/", "fever/fever-nothing/", `no heading "fever-nothing"`},
		"twice":                  {"fever/fever-signs/", "fever/fever-brief/", "is here twice"},
	} {
		for formName, form := range forms {
			old, with := c.old, c.with
			if formName == "po" {
				with = strings.ReplaceAll(with, "\n", `\n`)
			} else {
				with = strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(with)
			}
			f, err := form.read("x", german(t, formName, old, with))
			if err == nil {
				_, err = Take(book, f, "x")
			}
			var problems handbook.Problems
			require.ErrorAs(t, err, &problems, "%s %s", name, formName)
			require.Contains(t, problems.Error(), c.want, "%s %s", name, formName)
			require.Greater(t, problems[0].Line, 1, "%s %s", name, formName)
		}
	}
}

func sectionOf(t *testing.T, book *handbook.Book, id string) *handbook.Section {
	t.Helper()
	s, ok := book.Section(book.Source, id)
	require.True(t, ok)
	return s
}

func TestLinesAreThoseOfTheFile(t *testing.T) {
	data := german(t, "po", "- Flüssigkeit geben", "- <i>Flüssigkeit</i> geben")
	f, err := ReadPO("de.po", data)
	require.NoError(t, err)
	_, err = Take(small(t), f, "de.po")
	var problems handbook.Problems
	require.ErrorAs(t, err, &problems)
	lines := strings.Split(string(data), "\n")
	require.Contains(t, lines[problems[0].Line-1], "<i>")
}

func TestFilesThatAreNone(t *testing.T) {
	head := "msgid \"\"\nmsgstr \"Language: de\\n\"\n\n"
	key := "fever/fever-brief/" + strings.Repeat("0", 32)
	for text, want := range map[string]string{
		"": "header is missing", "nonsense": "no line of a PO file", "\xff": "not UTF-8", head + "msgid \"a\x00\"": "control character",
		head + "msgstr \"x\"":                             "no msgid",
		head + "msgid \"a\"\n":                            "no msgid or no msgstr",
		head + "msgid \"a\nmsgstr \"\"":                   "must be in quotes",
		head + "msgid \"\\q\"\nmsgstr \"\"":               "must be in quotes",
		head + "msgid \"a\\\"\nmsgstr \"\"":               "must be in quotes",
		head + "\"a\"":                                    "without msgid",
		head + "msgctxt \"x\"\nmsgid \"a\"\nmsgstr \"b\"": "must be SECTION/ANCHOR/HASH",
		head + "msgid \"a\"\nmsgid \"b\"\nmsgstr \"c\"":   "not in its place",
		head + "msgid \"a\"\nmsgid_plural \"b\"":          "plural forms",
		head + "msgid \"a\"\nmsgstr[99999999999] \"b\"":   "plural forms",
		head + head:                        "header is here twice",
		"msgid \"\"\nmsgstr \"X: y\\n\"\n": "does not say the Language",
		"msgid \"\"\nmsgstr \"Language: de\\nContent-Type: text/plain; charset=latin1\\n\"":             "not in UTF-8",
		head + "msgctxt \"" + key + "\"\nmsgid \"" + strings.Repeat("x", maxUnit+1) + "\"\nmsgstr \"\"": "longer than 64 KiB",
		strings.Repeat("#\n", MaxBytes): "larger than 8 MiB",
	} {
		_, err := ReadPO("x.po", []byte(text))
		require.ErrorContains(t, err, want, "%.80q", text)
	}
	begin := `<xliff version="1.2"><file source-language="en" target-language="de"><body>`
	for text, want := range map[string]string{
		"": "no file element", "nonsense": "no file element", "<xliff": "not XLIFF", `<xliff version="2.0"></xliff>`: "version 1.2", "<html/>": "version 1.2",
		`<!DOCTYPE x [<!ENTITY a "b">]><xliff version="1.2"/>`:                                                                            "not allowed",
		`<?xml version="1.0" encoding="latin1"?><xliff version="1.2"/>`:                                                                   "must be in UTF-8",
		begin + `<trans-unit id="x"><source>a</source></trans-unit></body></file></xliff>`:                                                "must be SECTION/ANCHOR/HASH",
		begin + `<trans-unit id="` + key + `"><target>a<g id="1">b</g></target></trans-unit></body></file></xliff>`:                       "the element g",
		begin + `<trans-unit id="` + key + `"><target>` + strings.Repeat("x", maxUnit+1) + `</target></trans-unit></body></file></xliff>`: "longer than 64 KiB",
		begin + `<trans-unit id="` + key + `"><target>` + strings.Repeat("<mrk>", 100):                                                    "nested too deep",
		begin + strings.Repeat("<group>", 100):                                                                                            "nested too deep",
		`<xliff version="1.2"><file source-language="en"/></xliff>`:                                                                       "no target-language",
		`<xliff version="1.2"><file target-language="de"/><file target-language="fr"/></xliff>`:                                           "several languages",
	} {
		_, err := ReadXLIFF("x.xlf", []byte(text))
		require.ErrorContains(t, err, want, "%.80q", text)
	}
	for language, want := range map[string]string{"xx": "no language", "en": "no language", "": "no language"} {
		_, err := Take(small(t), File{Language: language}, "x")
		require.ErrorContains(t, err, want)
	}
	_, err := Take(small(t), File{Language: "de", Source: "fr"}, "x")
	require.ErrorContains(t, err, `from "fr"`)
}

func TestWhatProgramsOfTranslatorsAdd(t *testing.T) {
	text := "# comment\nmsgid \"\"\nmsgstr \"\"\n\"Language: de\\n\"\n\"X-Generator: Poedit\\n\"\n\n#. extracted\n#: fever.md\n#, fuzzy, c-format\n#| msgid \"before\"\n" +
		"msgctxt \"fever/title/" + strings.Repeat("a", 32) + "\"\nmsgid \"Fever\"\nmsgstr \"Fie\"\n\"ber\"\n#~ msgid \"old\"\n#~ msgstr \"alt\"\n"
	f, err := ReadPO("x.po", []byte(strings.ReplaceAll(text, "\n", "\r\n")))
	require.NoError(t, err)
	require.Equal(t, []Unit{{Part: "fever", Anchor: "title", Hash: strings.Repeat("a", 32), Source: "Fever", Target: "Fieber", Open: true, Line: 13}}, f.Units)

	f, err = ReadXLIFF("x.xlf", []byte(`<?xml version="1.0"?><xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2" xmlns:okp="okapi"><file original="a" source-language="en" target-language="de">
<header><tool tool-id="x"/><note>n</note></header><body><group><trans-unit id="fever/title/`+strings.Repeat("a", 32)+`" okp:id="1"><source>Fever</source>
<seg-source><mrk mid="0">Fever</mrk></seg-source><target state="final"><mrk mid="0" mtype="seg">Fieber</mrk></target><alt-trans><target>x</target></alt-trans></trans-unit></group></body></file></xliff>`))
	require.NoError(t, err)
	require.Equal(t, []Unit{{Part: "fever", Anchor: "title", Hash: strings.Repeat("a", 32), Source: "Fever", Target: "Fieber", Line: 3}}, f.Units)
}
