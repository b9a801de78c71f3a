// Package medixchange_test keeps the house tidy: which floor may import which, and that every package says what it is for.
package medixchange_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "medixchange"

// floors, from the top. A package may import only what stands on a lower floor, or lies inside its own room.
var floors = [][]string{
	{"tests"},
	{"internal/testhospital"},
	{"cmd"},
	{"clientapi", "federation", "appservices", "translator", "conference", "handbook", "alliance", "admin"},
	{"accounts"},
	{"rooms"},
	{"internal/stream", "internal/media", "internal/push", "internal/search"},
	{"internal/sqldb", "internal/web", "internal/config", "internal/netguard", "internal/signing"},
	{"internal/strictjson", "internal/pattern", "internal/spelling", "internal/meter", "internal/markup", "internal/freeport", "internal/resident", "internal/pace", "internal/memo", "internal/stackroom"},
}

type goPackage struct {
	ImportPath string
	Doc        string
	Name       string
	Imports    []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Name,Imports", "./...").Output()
	require.NoError(t, err, "go list")
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

// roomOf returns the room of the house that path lies in, and its floor; -1 for paths outside of the house.
func roomOf(path string) (room string, floor int) {
	rel := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	for i, names := range floors {
		for _, name := range names {
			if rel == name || strings.HasPrefix(rel, name+"/") {
				return name, i
			}
		}
	}
	return rel, -1
}

func TestImportsOnlyGoDown(t *testing.T) {
	for _, p := range listPackages(t) {
		room, floor := roomOf(p.ImportPath)
		if p.ImportPath == module {
			continue // this test alone lives there
		}
		require.GreaterOrEqual(t, floor, 0, "%s stands on no floor: add its room to the list or move it", p.ImportPath)
		for _, imp := range p.Imports {
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				continue
			}
			below, at := roomOf(imp)
			if below == room {
				continue
			}
			require.Greater(t, at, floor, "%s imports %s, which is not below it", p.ImportPath, imp)
		}
	}
}

func TestOnlyThreeRoomsKnowTheEventLibrary(t *testing.T) {
	allowed := map[string]bool{"rooms": true, "federation": true, "internal/signing": true}
	for _, p := range listPackages(t) {
		room, _ := roomOf(p.ImportPath)
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "github.com/matrix-org/gomatrixserverlib") {
				require.True(t, allowed[room], "%s imports %s", p.ImportPath, imp)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.ImportPath == module {
			continue
		}
		require.NotEmpty(t, p.Doc, "%s has no package comment", p.ImportPath)
	}
}
