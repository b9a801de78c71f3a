package compose

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
)

func TestAKeyIsWrittenAsItsTypeSays(t *testing.T) {
	for name, key := range map[string]Key{
		"empty":   {Reasons: []string{}},
		"pending": {State: StatePending, From: "en", To: "zh-Hant", Reasons: []string{}, Original: &Original{Body: "5 mg \"now\"\n<b>&\u2028\x00"}},
		"warned": {
			State: StateTranslated, From: "ar", To: "fr", Engine: "apertium", Verdict: check.Warn, Reasons: []string{"number", "side"},
			Original: &Original{Body: "يسار", FormattedBody: "<p>يسار</p>"},
		},
		"refused": {State: StateNone, From: "und", To: "es", Verdict: check.Block, Reasons: []string{"busy"}},
	} {
		wanted, err := json.Marshal(key)
		require.NoError(t, err)
		require.Equal(t, string(wanted), string(key.Append(nil)), name)
	}
}
