package recording

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryLanguageHasEveryWord(t *testing.T) {
	keys := words.Of("en").Keys()
	require.Len(t, words.Languages(), 19)
	for _, tag := range words.Languages() {
		w := words.Of(tag)
		require.Equal(t, keys, w.Keys(), tag)
		for _, key := range keys {
			for _, name := range []string{"{user}", "{length}", "{url}", "!record"} {
				require.Equal(t, strings.Contains(words.Of("en").Text(key), name), strings.Contains(w.Text(key), name), "%s in %s of %s", name, key, tag)
			}
		}
	}
	for _, err := range []error{errOff, errEncrypted, errPower, errRunning, errNone, errQuota, errBusy, errNoSFU, errBadSlot, errNoSlot, errClosed} {
		require.Error(t, err)
	}
}

func TestLengths(t *testing.T) {
	require.Equal(t, "0:05", length(5_400))
	require.Equal(t, "59:59", length(3_599_000))
	require.Equal(t, "1:00:01", length(3_601_000))
}
