package check

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
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
