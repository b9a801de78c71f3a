package exchange

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// fuzz reads arbitrary bytes: nothing panics, and what is taken is written and read as the same.
func fuzz(f *testing.F, name string) {
	book := small(f)
	form := forms[name]
	f.Add(form.write(Export(book, "de", copies(f, book, "de"))))
	f.Add([]byte("msgid \"\"\nmsgstr \"Language: de\\n\"\n\nmsgctxt \"a/b/00000000000000000000000000000000\"\nmsgid \"a\"\nmsgstr \"\\\\\"\n"))
	f.Add([]byte(`<xliff version="1.2"><file target-language="de"><body><trans-unit id="a/b/00000000000000000000000000000000"><target> x&#13;</target></trans-unit></body></file></xliff>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := form.read("x", data)
		if err != nil {
			return
		}
		again, err := form.read("x", form.write(read))
		if len(read.Units) == 0 {
			return // XLIFF without texts has no file element
		}
		require.NoError(t, err)
		require.Len(t, again.Units, len(read.Units))
		for i, u := range again.Units {
			require.Equal(t, read.Units[i].Target, u.Target)
			require.Equal(t, read.Units[i].Key(), u.Key())
		}
		_, _ = Take(book, read, "x")
	})
}

func FuzzPO(f *testing.F)    { fuzz(f, "po") }
func FuzzXLIFF(f *testing.F) { fuzz(f, "xliff") }
