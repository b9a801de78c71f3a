package handbook

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryCommonReasonIsOneThatIsGiven looks for each form among the calls that report something.
func TestEveryCommonReasonIsOneThatIsGiven(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	given := map[string]bool{noSuchHeading: true, unknownCitation: true}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				for _, arg := range call.Args {
					if text, ok := arg.(*ast.BasicLit); ok && text.Kind == token.STRING {
						form, err := strconv.Unquote(text.Value)
						require.NoError(t, err)
						given[form] = true
					}
				}
			}
			return true
		})
	}
	require.Greater(t, len(given), 100)
	for form, kind := range kinds {
		require.True(t, given[form], "%s: %q is reported nowhere", kind, form)
	}
}
