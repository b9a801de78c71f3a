package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alexflint/go-arg"
	"github.com/stretchr/testify/require"
)

var (
	// written is a command as the documentation has it: a line of an example, up to a remark, or a few words in a sentence.
	written = regexp.MustCompile("(?m)^(?:    )?medix (?:alliance|directory|conform) .*$|`medix (?:alliance|directory|conform)[^`]*`")
	word    = regexp.MustCompile(`"[^"]*"|\S+`)
)

// commands are what is written in one place: several may stand beside each other, wide apart.
func commands(line string) [][]string {
	var all [][]string
	for _, one := range regexp.MustCompile(` {2,}`).Split(strings.Trim(line, "` "), -1) {
		one, _, _ = strings.Cut(one, " #")
		one, _, _ = strings.Cut(one, " | ")
		if !strings.HasPrefix(one, "medix ") {
			continue
		}
		words := word.FindAllString(strings.NewReplacer("[", "", "]", "").Replace(one), -1)[1:]
		for i, w := range words {
			w, _, _ = strings.Cut(w, "|") // one of several values
			words[i] = strings.Trim(w, `"`)
		}
		all = append(all, words)
	}
	return all
}

// understood reports why a command is not one, nil also for one that only names a command without what it needs.
func understood(words []string) error {
	var c cli
	parser, err := arg.NewParser(arg.Config{Program: "medix"}, &c)
	if err != nil {
		return err
	}
	err = parser.Parse(words)
	if err != nil && strings.Contains(err.Error(), "is required") {
		return nil
	}
	if last := len(words) - 1; err != nil && words[last] == "…" {
		return understood(words[:last])
	}
	return err
}

// TestTheVerbsOfTheAllianceAreAsTheDocumentationWritesThem keeps examples from naming options that are not there.
func TestTheVerbsOfTheAllianceAreAsTheDocumentationWritesThem(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	seen := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, line := range written.FindAllString(string(text), -1) {
			for _, words := range commands(line) {
				seen++
				require.NoError(t, understood(words), "%s: %s", filepath.Base(page), line)
			}
		}
	}
	require.Greater(t, seen, 40)
}

func TestCommandsThatAreNoneAreNotUnderstood(t *testing.T) {
	for _, line := range []string{"medix alliance dance", "medix alliance list --colour", "medix alliance reach --days never", "medix directory set USER --agreed ever"} {
		for _, words := range commands(line) {
			require.Error(t, understood(words), line)
		}
	}
}
