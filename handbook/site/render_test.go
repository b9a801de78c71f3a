package site

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark/ast"
	gmtext "github.com/yuin/goldmark/text"

	"medixchange/handbook"
)

func TestTheSanitiserIsASecondLock(t *testing.T) {
	for in, want := range map[string]string{
		`<p onclick="x()">a</p>`:                           `<p>a</p>`,
		`<script>alert(1)</script><p>a</p>`:                `<p>a</p>`,
		`<a href="javascript:alert(1)">a</a>`:              `a`,
		`<a href="http://example.org/">a</a>`:              `a`,
		`<img src="https://example.org/x.png" alt="x">`:    `<img alt="x">`,
		`<p style="color:red" class="bar">a</p>`:           `<p>a</p>`,
		`<h2 id="a b">a</h2>`:                              `<h2>a</h2>`,
		`<bdi dir="ltr">5 mg</bdi><bdi dir="rtl">x</bdi>`:  `<bdi dir="ltr">5 mg</bdi><bdi>x</bdi>`,
		`<iframe src="https://example.org/"></iframe><b>`:  ``,
		`<a href="fever#fever-signs" id="place-1-1">a</a>`: `<a href="fever#fever-signs" id="place-1-1">a</a>`,
	} {
		require.Equal(t, want, string(sanitised(in)), in)
	}
}

func TestRunsOfLatinLettersAreIsolated(t *testing.T) {
	for in, want := range map[string]string{
		"زیر 90 % است":            "زیر 90 % است",
		"از SpO2 پایین":           `از <bdi dir="ltr">SpO2</bdi> پایین`,
		"(COVID-19)، سپس":         `(<bdi dir="ltr">COVID-19</bdi>)، سپس`,
		"مقدار 6 mL/kg.":          `مقدار <bdi dir="ltr">6 mL/kg</bdi>.`,
		"PaO2/FiO2 ≤ 200 mmHg با": `<bdi dir="ltr">PaO2/FiO2 ≤ 200 mmHg</bdi> با`,
		"a &lt; b تا":             `<bdi dir="ltr">a</bdi> &lt; <bdi dir="ltr">b</bdi> تا`,
		`\*x`:                     `*<bdi dir="ltr">x</bdi>`,
	} {
		var out strings.Builder
		w := bufio{&out}
		writeIsolated(w, []byte(in))
		require.Equal(t, want, out.String(), in)
	}
}

// bufio writes to a builder what a renderer writes.
type bufio struct{ *strings.Builder }

func (bufio) Available() int { return 0 }
func (bufio) Buffered() int  { return 0 }
func (bufio) Flush() error   { return nil }

// TestWhatIsRenderedIsNotCutByTheSanitiser renders the whole embedded edition: every word of it must come out.
func TestWhatIsRenderedIsNotCutByTheSanitiser(t *testing.T) {
	edition, err := handbook.NewShelf("", nil).Edition()
	require.NoError(t, err)
	for _, tag := range edition.Languages {
		for _, id := range edition.SectionIDs() {
			s, ok := edition.Section(tag, id)
			if !ok {
				continue
			}
			text := newText(edition.Book, s, wordsOf(tag), false)
			for _, b := range s.Blocks {
				html, err := text.block(b)
				require.NoError(t, err)
				require.Contains(t, string(html), fmt.Sprintf(`id="%s"`, b.Anchor))
				require.Equal(t, tables(b.Text), strings.Count(string(html), "<table>"), b.Anchor)
			}
		}
	}
}

func tables(markdown string) int {
	n := 0
	_ = ast.Walk(handbook.NewParser().Parse(gmtext.NewReader([]byte(markdown))), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && node.Kind().String() == "Table" {
			n++
		}
		return ast.WalkContinue, nil
	})
	return n
}

// BenchmarkSectionFromCache is what a page costs once it was made.
func BenchmarkSectionFromCache(b *testing.B) {
	h := testSite(b, func(o *Options) { o.Shelf = handbook.NewShelf("", nil) })
	require.Equal(b, http.StatusOK, get(h, "/handbook/en/triage").Code)
	before, pages := processorTime(b), 0
	for b.Loop() {
		pages++
		get(h, "/handbook/en/triage", "Accept-Encoding", "gzip")
	}
	b.ReportMetric((processorTime(b)-before).Seconds()*1000/float64(pages), "cpu-ms/op")
}

// BenchmarkSectionRendered makes the page of the longest section of a language, with its compressed form.
func BenchmarkSectionRendered(b *testing.B) {
	shelf := handbook.NewShelf("", nil)
	edition, err := shelf.Edition()
	require.NoError(b, err)
	for _, tag := range []string{"en", "ar", "ru"} {
		b.Run(tag, func(b *testing.B) { renderLongest(b, edition, tag) })
	}
}

func renderLongest(b *testing.B, edition *handbook.Edition, tag string) {
	longest := &handbook.Section{}
	for _, id := range edition.SectionIDs() {
		if s, ok := edition.Section(tag, id); ok && len(s.Body) > len(longest.Body) {
			longest = s
		}
	}
	q := &request{site: &Site{}, edition: edition, tongue: tongueOf(tag), words: wordsOf(tag), section: longest.ID}
	before, pages := processorTime(b), 0
	for b.Loop() {
		pages++
		kind, body, err := sectionPage(q)
		require.NoError(b, err)
		_, err = newAnswer(kind, body)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(len(longest.Body))/1024, "KiB/section")
	b.ReportMetric((processorTime(b)-before).Seconds()*1000/float64(pages), "cpu-ms/op")
}

// processorTime is what this process has used, which does not depend on what else the machine does.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
