package replies

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// TestARoomsSettingThatNobodyKnowsKeepsItsTextsFromEngines: whoever wrote it meant to keep something back.
func TestARoomsSettingThatNobodyKnowsKeepsItsTextsFromEngines(t *testing.T) {
	for content, want := range map[string]string{
		`{}`: "", `{"threads":"yes"}`: "", `{"translation":""}`: "", `{"translation":"on"}`: "",
		`{"translation":"local"}`: TranslationLocal, `{"translation":"local","readback":"on"}`: TranslationLocal,
		`{"translation":"off"}`: TranslationOff, `{"translation":"off","threads":"yes"}`: TranslationOff,
		`{"translation":"Off"}`: TranslationOff, `{"translation":"Local"}`: TranslationOff, `{"translation":"none"}`: TranslationOff,
		`{"translation":false}`: TranslationOff, `{"translation":true}`: TranslationOff, `{"translation":null}`: TranslationOff,
		`{"translation":["off"]}`: TranslationOff, `{"translation":{"is":"off"}}`: TranslationOff, `{"translation":0}`: TranslationOff,
	} {
		require.Equal(t, want, TranslationIn(gjson.Parse(content)), content)
	}
}

func TestASettingIsWrittenBesideTheOthers(t *testing.T) {
	for _, c := range []struct {
		before string
		value  any
		want   string
	}{
		{``, TranslationOff, `{"translation":"off"}`}, {`null`, TranslationLocal, `{"translation":"local"}`},
		{`{"threads":true,"translation":"local"}`, TranslationOff, `{"threads":true,"translation":"off"}`},
		{`{"threads":true,"translation":"local"}`, nil, `{"threads":true}`}, {`{"of tomorrow":{"a":1}}`, nil, `{"of tomorrow":{"a":1}}`},
	} {
		content, err := WithSetting(gjson.Parse(c.before), TranslationKey, c.value)
		require.NoError(t, err)
		require.JSONEq(t, c.want, string(content), c.before)
	}
}
