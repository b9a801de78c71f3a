// Package markuptest checks catalogues of words. Imported by tests only.
package markuptest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/markup"
)

// Complete demands that every language of a catalogue has the texts of the fallback language and no others, with the same
// placeholders.
func Complete(t testing.TB, c *markup.Catalogue) {
	t.Helper()
	placeholder := regexp.MustCompile(`\{[a-z_]+\}`)
	english := c.Of(markup.Fallback)
	for _, tag := range c.Languages() {
		w := c.Of(tag)
		require.Equal(t, english.Keys(), w.Keys(), tag)
		for _, key := range english.Keys() {
			require.NotEmpty(t, strings.TrimSpace(w.Text(key)), "%s has no %s", tag, key)
			want, got := placeholder.FindAllString(english.Text(key), -1), placeholder.FindAllString(w.Text(key), -1)
			slices.Sort(want)
			slices.Sort(got)
			require.Equal(t, want, got, "%s: %s", tag, key)
		}
	}
}
