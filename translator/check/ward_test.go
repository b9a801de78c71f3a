package check

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"medixchange/translator/language"
)

// TestInvariantsOfTheWard: sides beside any noun, and amounts that are counted, are shown as they were written.
func TestInvariantsOfTheWard(t *testing.T) {
	data, err := os.ReadFile("testdata/invariants.yaml")
	require.NoError(t, err)
	var cases []struct {
		In    language.Code
		Text  string
		Shows map[Kind][]string
	}
	require.NoError(t, yaml.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	for _, c := range cases {
		shown := map[Kind][]string{}
		for _, i := range Invariants(c.Text, c.In) {
			shown[i.Kind] = append(shown[i.Kind], i.Text)
		}
		assert.Equal(t, c.Shows, shown, "%s: %s", c.In, c.Text)
	}
}
