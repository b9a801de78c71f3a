package clientapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSearchToken takes any text for a next_batch: it is refused, or says something that can be asked for.
func FuzzSearchToken(f *testing.F) {
	f.Add(searchToken{Offset: 10, Upto: 99, Now: 1_700_000_000_000}.String())
	f.Add(searchToken{Offset: 1, Key: groupRoom, Value: "!room:hospital.example"}.String())
	f.Add("e30")
	f.Add("eyJvIjotMX0")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := parseSearchToken(text)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, token.Offset, 0)
		require.GreaterOrEqual(t, token.Upto, int64(0))
		require.Contains(t, []string{"", groupRoom, groupSender}, token.Key)
		again, err := parseSearchToken(token.String())
		require.NoError(t, err)
		require.Equal(t, token, again)
	})
}
