package spelling

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearest(t *testing.T) {
	known := []string{"status", "title", "translator", "language"}
	for _, c := range []struct{ word, want string }{
		{"status", "status"}, {"Staus", "status"}, {"tilte", "title"}, {"translater", "translator"},
		{"reviewer", ""}, {"", ""}, {strings.Repeat("status", 1000), ""},
	} {
		require.Equal(t, c.want, Nearest(c.word, known), c.word)
	}
}
