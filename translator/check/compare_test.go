package check

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// sharedData finds data that is kept beside the repository; without it a test is skipped, except in CI.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("MEDIX_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	} else if !filepath.IsAbs(root) {
		root = filepath.Join("..", "..", root)
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared data is missing: %v", err)
		}
		t.Skipf("shared data is missing: %v", err)
	}
	return path
}

// tico19 reads sentences of TICO-19 with their reference translations: the names of the columns, and the rows below them.
func tico19(t *testing.T) (header []string, rows [][]string) {
	t.Helper()
	file, err := os.Open(sharedData(t, "data/tico19/tico19-240.tsv"))
	require.NoError(t, err)
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma, reader.LazyQuotes, reader.FieldsPerRecord = '\t', true, -1
	all, err := reader.ReadAll()
	require.NoError(t, err)
	return all[0], all[1:]
}

// TestGoodTranslationsPass takes the reference translations of TICO-19 for an engine's output and
// counts false alarms. Over 5 % of warnings is a fault of the checks.
func TestGoodTranslationsPass(t *testing.T) {
	header, rows := tico19(t)
	for _, direction := range []string{"from English", "into English"} {
		for column := 2; column < len(header)-1; column++ {
			code := language.Code(header[column])
			if !code.Known() {
				continue
			}
			t.Run(direction+"/"+string(code), func(t *testing.T) {
				alarms, blocks := 0, 0
				for _, row := range rows {
					report := Compare([]string{row[1]}, []string{row[column]}, "en", code)
					source, translation := row[1], row[column]
					if direction == "into English" {
						report = Compare([]string{row[column]}, []string{row[1]}, code, "en")
						source, translation = translation, source
					}
					if report.Verdict == Pass {
						continue
					}
					alarms++
					if report.Verdict == Block {
						blocks++
					}
					t.Logf("%s %s %v\n  %s\n  %s", row[0], report.Verdict, report.Reasons, source, translation)
				}
				t.Logf("%d of %d sentences: %d alarms (%.1f %%), %d of them block", len(rows), len(rows), alarms, 100*float64(alarms)/float64(len(rows)), blocks)
				require.LessOrEqual(t, alarms*20, len(rows), "more than 5 % false alarms")
			})
		}
	}
}
