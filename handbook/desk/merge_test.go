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

func TestDiff(t *testing.T) {
	require.Equal(t, []Change{{Same, "Give "}, {Removed, "5"}, {Added, "10"}, {Same, " L/min of oxygen"}}, Diff("Give 5 L/min of oxygen", "Give 10 L/min of oxygen"))
	require.Equal(t, []Change{{Same, "每"}, {Removed, "六"}, {Added, "八"}, {Same, "小时一次"}}, Diff("每六小时一次", "每八小时一次"))
	require.Empty(t, Diff("", ""))
	for _, pair := range [][2]string{{"a b c d", "c d a b"}, {"x", ""}, {"", "y z"}, {"ไข้สูง", "ไข้ต่ำ"}} {
		before, after := "", ""
		for _, change := range Diff(pair[0], pair[1]) {
			if change.Kind != Added {
				before += change.Text
			}
			if change.Kind != Removed {
				after += change.Text
			}
		}
		require.Equal(t, pair, [2]string{before, after})
	}
	long := strings.Repeat("a b ", 5000)
	require.Len(t, Diff(long+"x", "y"+long), 2, "what is too long is compared as a whole")
}
