package check

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// ruleCase is a case of testdata/cases: what somebody says, a translation that passes, and one with one thing wrong in it.
type ruleCase struct {
	In    string // "en→ko"
	Say   string
	Right string // "" for none
	Wrong string // "" for none
	Times int    // how often the wrong one stands in a row; 0 is once
	Gives string // verdict and findings of the wrong one, in the order of data/verdicts.yaml

	from, to language.Code
	file     string
}

// maxCaseLines keeps the files such that somebody reads them.
const maxCaseLines = 400

func ruleCases(t *testing.T) (all []ruleCase) {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Less(t, bytes.Count(data, []byte("\n")), maxCaseLines, file)
		var cases []ruleCase
		require.NoError(t, decode(file, bytes.NewReader(data), &cases))
		for _, c := range cases {
			c.file = filepath.Base(file)
			c.parse(t)
			all = append(all, c)
		}
	}
	require.NotEmpty(t, all)
	return all
}

func (c *ruleCase) parse(t *testing.T) {
	t.Helper()
	from, to, ok := strings.Cut(c.In, "→")
	require.True(t, ok, "%s: %+v", c.file, c)
	for tag, code := range map[string]*language.Code{from: &c.from, to: &c.to} {
		parsed, err := language.Parse(tag)
		require.NoError(t, err, "%s: %s", c.file, c.In)
		*code = parsed
	}
	c.Wrong = strings.Repeat(c.Wrong, max(c.Times, 1))
	require.NotEmpty(t, c.Say, "%s: %s", c.file, c.In)
	require.NotEmpty(t, c.Right+c.Wrong, "%s: %s", c.file, c.Say)
	require.Equal(t, c.Wrong == "", c.Gives == "", "%s: what is wrong gives a verdict: %s", c.file, c.Say)
}

// judged is what the checks say of a translation of the case: the verdict and the findings.
func (c *ruleCase) judged(translation string) (given string, found *comparison) {
	found = &comparison{from: c.from, to: c.to}
	found.segment(c.Say, translation)
	found.form(c.Say, translation)
	given = string(found.report().Verdict)
	for _, f := range found.findings {
		given += " " + f.name
	}
	return given, found
}

// gives reports whether the wrong translation gives one of some findings, by their beginning: "route.", "number.bound".
func (c *ruleCase) gives(findings ...string) bool {
	return slices.ContainsFunc(strings.Fields(c.Gives), func(given string) bool {
		return slices.ContainsFunc(findings, func(name string) bool { return strings.HasPrefix(given, name) })
	})
}

// TestCases: what is right passes, the other way round too, and what is wrong gives what the case says.
func TestCases(t *testing.T) {
	for _, c := range ruleCases(t) {
		back := ruleCase{In: "back from " + c.In, Say: c.Right, Right: c.Say, from: c.to, to: c.from, file: c.file}
		for _, c := range []ruleCase{c, back} {
			if c.Say == "" || c.Right == "" {
				continue
			}
			if given, found := c.judged(c.Right); given != string(Pass) {
				t.Errorf("%s: %s\n  %s\n  %s\n  is right, and gives %s %+v", c.file, c.In, c.Say, c.Right, given, found.report().Reasons)
			}
		}
		if c.Wrong != "" {
			if given, found := c.judged(c.Wrong); given != c.Gives {
				t.Errorf("%s: %s\n  %s\n  %s\n  has to give %s, and gives %s %+v", c.file, c.In, c.Say, c.Wrong, c.Gives, given, found.report().Reasons)
			}
		}
	}
}
