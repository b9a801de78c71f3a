package accounts

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts/pushrules"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms"
)

func TestUpgradeCarriesSettingsOver(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		h := openHospital(t, fresh())
		ana, bo := h.user(t, "ana"), h.user(t, "bo")
		old, err := h.rooms.Create(ctx, rooms.CreateRequest{Creator: ana, Preset: "public_chat", Version: "10"})
		require.NoError(t, err)
		h.membership(t, old, bo, bo, "join")
		for _, user := range []string{ana, bo} {
			require.NoError(t, h.PutPushRule(ctx, user, pushrules.KindRoom, pushrules.Rule{RuleID: old, Actions: []json.RawMessage{}}, "", ""))
			require.NoError(t, h.SetTag(ctx, user, old, "m.favourite", json.RawMessage(`{"order":0.5}`)))
			require.NoError(t, h.SetAccountData(ctx, user, "", typeDirect, json.RawMessage(fmt.Sprintf(`{"@cy:a.example":[%q]}`, old))))
		}
		pretender, err := h.rooms.Create(ctx, rooms.CreateRequest{Creator: bo, Preset: "public_chat",
			CreationContent: json.RawMessage(fmt.Sprintf(`{"predecessor":{"room_id":%q}}`, old))})
		require.NoError(t, err)
		h.membership(t, pretender, ana, ana, "join")
		successor, err := h.rooms.Upgrade(ctx, old, ana, "11", nil)
		require.NoError(t, err)
		h.membership(t, successor, bo, bo, "join")
		for _, user := range []string{ana, bo} {
			require.Eventually(t, func() bool { return h.carried(t, user, successor) }, 10*time.Second, 10*time.Millisecond)
			require.False(t, h.carried(t, user, pretender), "a room that the old one does not name")
		}
	})
}

// carried reports whether rule, tag and direct chat are there for a room.
func (h *hospital) carried(t *testing.T, userID, roomID string) bool {
	rules, err := h.PushRules(ctx, userID)
	require.NoError(t, err)
	_, noRule := rules.Find(pushrules.KindRoom, roomID)
	tags, err := h.Tags(ctx, userID, roomID)
	require.NoError(t, err)
	direct, err := h.AccountData(ctx, userID, "", typeDirect)
	require.NoError(t, err)
	found := gjson.GetBytes(direct, `@cy:a\.example.#(=="`+roomID+`")`).Exists()
	return noRule == nil && gjson.GetBytes(tags, "tags.m\\.favourite.order").Num == 0.5 && found
}
