package handbook

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// told writes pieces as an editor would.
func told(pieces []Piece) string {
	var out strings.Builder
	for _, p := range pieces {
		switch p.Kind {
		case Same:
			out.WriteString(p.Text)
		case Gone:
			out.WriteString("[-" + p.Text + "-]")
		case New:
			out.WriteString("[+" + p.Text + "+]")
		}
	}
	return out.String()
}

func TestPiecesTellWhatHasChanged(t *testing.T) {
	for _, c := range []struct {
		before, now []string
		want        string
	}{
		{[]string{"Give 5 L/min."}, []string{"Give 10 L/min."}, "Give [-5 -][+10 +]L/min."},
		{[]string{"Give oxygen."}, []string{"Give oxygen."}, "Give oxygen."},
		{nil, []string{"New."}, "[+New.+]"},
		{[]string{"Old."}, nil, "[-Old.-]"},
		{nil, nil, ""},
		{[]string{"One.", "Two."}, []string{"One.", "And a half.", "Two."}, "One.\n[+And a half.\n+]Two."},
		{[]string{"每日5毫克"}, []string{"每日6毫克"}, "每[-日5-][+日6+]毫克"},
	} {
		require.Equal(t, c.want, told(Pieces(c.before, c.now)))
	}
}

func TestComparedTextsCanBePutTogetherAgain(t *testing.T) {
	long := strings.Repeat("a b c d ", 2*maxCompared)
	for _, c := range [][2]string{{"a b c", "c b a"}, {"", "x"}, {long + "end", "start " + long}, {"one two three", "one  two three"}} {
		var before, now strings.Builder
		for _, p := range Pieces([]string{c[0]}, []string{c[1]}) {
			if p.Kind != New {
				before.WriteString(p.Text)
			}
			if p.Kind != Gone {
				now.WriteString(p.Text)
			}
		}
		require.Equal(t, c[0], before.String())
		require.Equal(t, c[1], now.String())
	}
}

func TestProseOfABlockThatNoEditionHas(t *testing.T) {
	require.Equal(t, []string{"Doses", "Give 5 mg.", "One", "Two"}, ProseOf("## Doses {#gone-doses}\n\nGive **5 mg**.\n\n- One\n- Two\n"))
	require.Empty(t, ProseOf(""))
}
