package site

import (
	"fmt"
	"html"
	"strings"
)

// HTML is text that is markup already: written here, or sanitised.
type HTML string

// markup writes a page. It is no template of the standard library: those look methods up by name, so that the program would
// keep every exported method that it has.
type markup struct{ strings.Builder }

// put writes markup with values in the places of %s. What is not HTML is escaped, for text and for attributes in quotes alike.
func (m *markup) put(form string, values ...any) {
	for i, value := range values {
		if safe, ok := value.(HTML); ok {
			values[i] = string(safe)
			continue
		}
		values[i] = html.EscapeString(fmt.Sprint(value))
	}
	fmt.Fprintf(m, form, values...)
}

// tongue writes the attributes that say in which language and direction an element is.
func (t Tongue) attributes() HTML {
	var m markup
	m.put(`lang="%s" dir="%s"`, t.Lang, t.Dir)
	return HTML(m.String())
}

// escaped makes a text markup.
func escaped(text string) HTML { return HTML(html.EscapeString(text)) }
