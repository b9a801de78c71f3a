package tests

import (
	"debug/elf"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheProgramHoldsNoMethodThatNobodyCalls: a single look at methods by a name that is only known at run time, anywhere in
// any dependency, makes the linker keep every exported method of every type. That was a seventh of the memory of an idle node.
func TestTheProgramHoldsNoMethodThatNobodyCalls(t *testing.T) {
	binary, err := builtOnce()
	require.NoError(t, err)
	program, err := elf.Open(binary)
	require.NoError(t, err)
	defer func() { require.NoError(t, program.Close()) }()
	symbols, err := program.Symbols()
	require.NoError(t, err)
	names := make(map[string]bool, len(symbols))
	for _, symbol := range symbols {
		names[symbol.Name] = true
	}
	require.True(t, names["net/http.(*Client).Do"], "the program's symbols can be read")
	require.False(t, names["net/http.(*Client).PostForm"], "nobody calls it")
}
