package site

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOutdatedTranslationShowsHowTheOriginalHasChangedSince(t *testing.T) {
	said := map[string]string{
		strings.Repeat("0", 32): "## Signs {#fever-signs}\n\nFever is a temperature of <37.5 °C or more [@example-one; @example-two].\n",
		strings.Repeat("1", 32): "## Rest {#fever-rest}\n\nLet patients rest.\n",
	}
	h := testSite(t, func(o *Options) {
		o.Before = func(_ context.Context, hash string) (string, bool, error) {
			text, known := said[hash]
			return text, known, nil
		}
	})
	ar := page(t, h, "/handbook/ar/fever")
	require.Contains(t, ar, `<del>&lt;37.5 </del><ins>38.0 </ins>`)
	require.Contains(t, ar, `<del>Rest<br>Let patients rest.</del>`, "what the original no longer has")
	require.Contains(t, ar, "ما الذي تغيّر في الأصل")
	require.NotContains(t, page(t, testSite(t), "/handbook/ar/fever"), "<del>", "where nobody remembers")
}
