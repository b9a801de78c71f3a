package markup

import (
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestValuesAreEscapedAndMarkupIsNot(t *testing.T) {
	var b Builder
	b.Put(`<p title="%s">%s%s</p>`, `"><script>`, "<b>&", HTML("<i>ours</i>"))
	require.Equal(t, HTML(`<p title="&#34;&gt;&lt;script&gt;">&lt;b&gt;&amp;<i>ours</i></p>`), b.HTML())
}

func testCatalogue() *Catalogue {
	return NewCatalogue(fstest.MapFS{
		"strings/en.yaml": {Data: []byte(`hello: "Hello {name}"`)},
		"strings/de.yaml": {Data: []byte(`hello: "Hallo {name}"`)},
		"strings/fa.yaml": {Data: []byte(`hello: "سلام {name}"`)},
		"strings/zh.yaml": {Data: []byte(`hello: "你好 {name}"`)},
	}, "strings")
}

func TestWordsAreInTheBrowsersLanguage(t *testing.T) {
	c := testCatalogue()
	for header, want := range map[string]string{
		"": "en", "de-AT,en;q=0.5": "de", "fa": "fa", "zh-CN": "zh", "sw": "en", "sw,de;q=0.3": "de", ";;;": "en",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", header)
		require.Equal(t, want, c.For(r).Tag, header)
	}
	require.Equal(t, []string{"en", "de", "fa", "zh"}, c.Languages())
	require.Equal(t, "en", c.Of("not a tag").Tag)
	require.Equal(t, "de", c.Of("de-CH").Tag)
}

func TestValuesInWordsAreEscapedAndKeptApart(t *testing.T) {
	w := testCatalogue().Of("fa")
	require.Equal(t, "rtl", w.Dir())
	require.Equal(t, "ltr", Dir("ja"))
	require.Equal(t, HTML("سلام <bdi>&lt;Ana&gt;</bdi>"), w.Say("hello", "name", "<Ana>"))
	require.Equal(t, "سلام <Ana>", w.Text("hello", "name", "<Ana>"))
	require.Equal(t, []string{"hello"}, w.Keys())
}
