package check

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// score counts mutants by kind.
type score struct{ made, found map[string]int }

func newScore() score { return score{map[string]int{}, map[string]int{}} }

func (s score) add(kind string, found bool) {
	for _, k := range []string{kind, "all"} {
		s.made[k]++
		if found {
			s.found[k]++
		}
	}
}

func (s score) String() string {
	kinds := make([]string, 0, len(s.made))
	for kind := range s.made {
		kinds = append(kinds, kind)
	}
	sort.Strings(kinds)
	var parts []string
	for _, kind := range kinds {
		parts = append(parts, fmt.Sprintf("%s %d/%d", kind, s.found[kind], s.made[kind]))
	}
	return strings.Join(parts, ", ")
}

// half picks the sentences that the rules were tuned on (odd lines) or the others. The first are shown
// when they fail, the others are only counted, lest anybody tune on them.
type half struct {
	name   string
	parity int
	shown  bool
}

var halves = []half{{"tuned", 0, os.Getenv("MEDIX_SAFETY_SHOW") != ""}, {"held out", 1, false}}

// TestMutatedTranslations damages the human translations of TICO-19 and counts what goes unnoticed.
func TestMutatedTranslations(t *testing.T) {
	header, rows := tico19(t)
	m := newMutator(t)
	for _, h := range halves {
		sum := newScore()
		for column := 2; column < len(header)-1; column++ {
			code := header[column]
			if _, ok := m.languages[code]; !ok {
				continue
			}
			s := newScore()
			alarms, judged := 0, 0
			causes := map[string]int{}
			for i, row := range rows {
				if i%2 != h.parity {
					continue
				}
				for _, d := range []struct{ from, to, source, good string }{{"en", code, row[1], row[column]}, {code, "en", row[column], row[1]}} {
					judged++
					if report := verdictOf(d.source, d.good, d.from, d.to); report.Verdict != Pass {
						alarms++
						causes[report.Reasons[0].Code]++
						if h.shown {
							t.Logf("ALARM %s→%s %v\n  %s\n  %s", d.from, d.to, report.Reasons, d.source, d.good)
						}
						continue
					}
					for _, mutant := range m.mutants(d.to, d.good) {
						found := verdictOf(d.source, mutant.text, d.from, d.to).Verdict != Pass
						s.add(mutant.kind, found)
						sum.add(mutant.kind, found)
						if !found && h.shown {
							t.Logf("MISSED %s %s→%s\n  %s\n  %s\n  %s", mutant.kind, d.from, d.to, d.source, d.good, mutant.text)
						}
					}
				}
			}
			t.Logf("%s %s: alarms %.1f %% %v; found %.1f %%: %s", h.name, code, 100*float64(alarms)/float64(judged), causes, 100*float64(s.found["all"])/float64(s.made["all"]), s)
		}
		t.Logf("%s, all: %s", h.name, sum)
	}
}

func verdictOf(source, translation, from, to string) Report {
	return Compare([]string{source}, []string{translation}, language.Code(from), language.Code(to))
}

var _ = slices.Contains[[]string]
var _ = require.Equal
