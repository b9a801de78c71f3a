package captions

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vault opens a text only at its place.
type vault struct{}

func (vault) SealText(text, place string) string {
	return "sealed at " + place + ":" + strings.ToUpper(text)
}

func (vault) OpenText(stored, place string) (string, error) {
	text, ok := strings.CutPrefix(stored, "sealed at "+place+":")
	if !ok {
		return "", errors.New("it does not open")
	}
	return strings.ToLower(text), nil
}

// A copy of the database alone must show no translation.
func TestTheDatabaseHoldsTranslationsSealed(t *testing.T) {
	w := newWorld(t)
	w.o.Vault = vault{}
	w.utter(1, "pass: fifteen")
	w.written(1)
	require.Contains(t, w.vtt("es"), "es fifteen")
	require.Contains(t, w.vtt("es"), "es fifteen", "and what is kept is shown as it was")
	var shown string
	require.NoError(t, w.o.DB.QueryRow(t.Context(), `SELECT shown FROM caption_translations WHERE lang = 'es'`).Scan(&shown))
	require.Equal(t, "sealed at caption "+id+" a1-000001000 es:ES FIFTEEN", shown)

	asked := w.asked
	w.o.Vault = vaultElsewhere{}
	require.Contains(t, w.vtt("es"), "es fifteen")
	require.Equal(t, asked+1, w.asked, "one that does not open is made anew")
}

// vaultElsewhere has lost its key.
type vaultElsewhere struct{ vault }

func (vaultElsewhere) OpenText(string, string) (string, error) {
	return "", errors.New("it does not open")
}
