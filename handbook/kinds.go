package handbook

// kinds names the common reasons by their English form; [Problem.Args] are what is put into it. A test keeps every form one that
// the reader or the checks use.
var kinds = map[string]string{
	"HTML is not allowed; write Markdown, and < as &lt; where it is meant as a sign":               "html",
	"code is not allowed here; text that is indented by four spaces counts as code":                "code",
	"text stands before the first heading; begin with a heading such as `## In brief {#%s%s}`":     "before",
	"headings have two or three number signs; the title of the section stands in the front matter": "level",
	"the heading %q has no anchor; write one behind it, such as {#%s-signs}":                       "anchor",
	"the anchor %q must begin with %q and be of small letters, digits and single hyphens":          "prefix",
	"the anchor %q is here twice": "twice",
	"%q is here twice":            "twice",
	"this looks like a citation and is none; write [@key] or [@key; @other]": "citation",
	unknownCitation: "unknown_citation",
	"emphasis has no beginning or no end here; move punctuation behind the marks, or put a space around them":            "emphasis",
	"the link to %q is not allowed; links lead to https addresses, mailto, or an anchor of the book as #section-heading": "link",
	"%s has no value; write one or remove the line":                                                                      "empty",
	"the key %q is missing": "empty",
	"%q is no id; ids are of small letters, digits and single hyphens":    "id",
	"%q is a page of the handbook itself; name the section otherwise":     "reserved",
	"%[2]s names this section, but %[1]s is not in the source's language": "lacking",
	noSuchHeading:             "no_such_anchor",
	"the section has no text": "no_text",

	"the section does not begin with a short summary {#%s}":               "brief",
	"nothing in %q has a citation":                                        "uncited",
	"in %q there is text without a citation: %q":                          "uncited_text",
	"the citation %q is listed, but the text does not cite it":            "unused",
	"the link to #%s leads nowhere in this book":                          "nowhere",
	"the links of %q to anchors are not those of the source":              "links",
	"the citations of %q are not those of the source: %s instead of %s":   "cites",
	"%q has %d paragraphs, list items and table cells, the source has %d": "count",
	"%s: the source has %s, the translation has %s (in %s)":               "value",
	"the source has changed since this translation was made%s":            "outdated",
}

const (
	noSuchHeading   = "the original has no heading with the anchor %q"
	unknownCitation = "the citation %q is not in the front matter; %s"
)

// NoSuchHeading is the problem of a translation that has a heading which its original never had.
func NoSuchHeading(file string, line int, anchor string) Problem {
	return newProblem(file, line, noSuchHeading, anchor)
}
