package desk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMerge(t *testing.T) {
	a, b, c := "## A {#x-a}\n\none\n", "## B {#x-b}\n\ntwo\n", "## C {#x-c}\n\nthree\n"
	a1, a2, b1 := strings.Replace(a, "one", "uno", 1), strings.Replace(a, "one", "eins", 1), strings.Replace(b, "two", "dos", 1)
	join := func(texts ...string) string { return strings.Join(texts, "\n") }
	for _, test := range []struct {
		name, base, mine, theirs, want string
		clashes                        []string
	}{
		{"only mine", join(a, b), join(a1, b), join(a, b), join(a1, b), nil},
		{"only theirs", join(a, b), join(a, b), join(a, b1), join(a, b1), nil},
		{"two headings", join(a, b), join(a1, b), join(a, b1), join(a1, b1), nil},
		{"the same heading", join(a, b), join(a1, b), join(a2, b1), join(a1, b1), []string{"x-a"}},
		{"the same words", join(a, b), join(a1, b), join(a1, b), join(a1, b), nil},
		{"they added one", join(a, c), join(a1, c), join(a, b, c), join(a1, b, c), nil},
		{"they removed one", join(a, b), join(a1, b), a, a1, nil},
		{"they removed what I changed", join(a, b), join(a, b1), a, join(a, b1), []string{"x-b"}},
		{"I added one", join(a, c), join(a, b, c), join(a1, c), join(a1, b, c), nil},
		{"line ends of a browser", join(a, b), strings.ReplaceAll(join(a1, b), "\n", "\r\n"), join(a, b1), join(a1, b1), nil},
		{"nothing was there", "", a, b, join(a, b), nil},
	} {
		merged, clashes := Merge(test.base, test.mine, test.theirs)
		require.Equal(t, test.want, merged, test.name)
		require.Equal(t, test.clashes, clashes, test.name)
	}
}
