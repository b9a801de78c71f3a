package bridge

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// An order may count what is given: it asks for read-back like one in milligrams.
func TestRule17CountedDosesAreOrders(t *testing.T) {
	for text, in := range map[string]language.Code{
		"Give 2 tablets of warfarin":        "en",
		"Half a tablet of warfarin tonight": "en",
		"2 puffs of salbutamol":             "en",
		"أعط حبتين من الوارفارين":           "ar",
		"ワルファリン半錠":                          "ja",
	} {
		assert.True(t, isOrder(check.Invariants(text, in)), text)
	}
	for _, text := range []string{"Two patients take warfarin", "The first dose of warfarin was given"} {
		assert.False(t, isOrder(check.Invariants(text, "en")), text)
	}
}
