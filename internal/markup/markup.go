package markup

import (
	"fmt"
	"html"
	"strings"
)

// HTML is text that is markup already: written by this program, or sanitised.
type HTML string

// Builder writes markup. The zero value is an empty one.
type Builder struct{ strings.Builder }

// Put writes markup with values in the places of %s. What is not HTML is escaped, for text and for attributes in quotes alike.
func (b *Builder) Put(form string, values ...any) {
	for i, value := range values {
		if safe, ok := value.(HTML); ok {
			values[i] = string(safe)
			continue
		}
		values[i] = html.EscapeString(fmt.Sprint(value))
	}
	fmt.Fprintf(b, form, values...)
}

// HTML gives what was written.
func (b *Builder) HTML() HTML { return HTML(b.String()) }

// Escaped makes a text markup.
func Escaped(text string) HTML { return HTML(html.EscapeString(text)) }
