package pushrules

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCarryOver(t *testing.T) {
	old := "!old:a.example"
	about := []Condition{{Kind: "event_match", Key: "room_id", Pattern: &old}}
	set := Defaults("@ana:a.example")
	for _, r := range []struct {
		kind string
		rule Rule
	}{
		{KindRoom, Rule{RuleID: old}},
		{KindRoom, Rule{RuleID: "!other:a.example"}},
		{KindOverride, Rule{RuleID: old, Conditions: about}},
		{KindOverride, Rule{RuleID: "night", Conditions: about}},
		{KindSender, Rule{RuleID: "@bo:a.example"}},
	} {
		var err error
		r.rule.Actions = []json.RawMessage{}
		set, err = set.Put(r.kind, r.rule, "", "")
		require.NoError(t, err)
	}
	set, err := set.SetEnabled(KindRoom, old, false)
	require.NoError(t, err)
	carried, changed := set.CarryOver(old, "!new:a.example")
	require.True(t, changed)
	require.Equal(t, set.size()+3, carried.size())
	rule, err := carried.Find(KindRoom, "!new:a.example")
	require.NoError(t, err)
	require.False(t, rule.Enabled, "switched off as the original")
	for _, id := range []string{"!new:a.example", "night !new:a.example"} {
		rule, err = carried.Find(KindOverride, id)
		require.NoError(t, err)
		require.Equal(t, "!new:a.example", *rule.Conditions[0].Pattern)
	}
	kept, err := carried.Find(KindOverride, old)
	require.NoError(t, err)
	require.Equal(t, old, *kept.Conditions[0].Pattern)
	_, changed = carried.CarryOver(old, "!new:a.example")
	require.False(t, changed, "twice changes nothing")
}
