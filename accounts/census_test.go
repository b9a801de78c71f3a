package accounts

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACensusCountsPeopleWhoAreActiveAndWhatTheyRead(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		for i := range censusPage + 2 {
			_, err := n.Register(ctx, Registration{Localpart: fmt.Sprintf("u%04d", i), NoLogin: true})
			require.NoError(t, err)
		}
		_, err := n.Register(ctx, Registration{Localpart: "bridged", AppserviceID: "irc", NoLogin: true})
		require.NoError(t, err)
		bot := n.user("bot")
		seen := func(name string) {
			s := n.device(n.UserID(name), "PHONE")
			d, err := n.Authenticate(ctx, s.AccessToken)
			require.NoError(t, err)
			n.Seen(d, "10.0.0.1", "")
		}
		seen("u0000")
		n.clock.advance(48 * time.Hour)
		seen("u0501")
		for name, choice := range map[string]string{"u0000": `{"language": "es"}`, "u0501": `{"language": "es", "mode": "off"}`, "u0001": `{"language": "fr"}`} {
			require.NoError(t, n.SetAccountData(ctx, n.UserID(name), "", typeLanguage, json.RawMessage(choice)))
		}
		now := n.clock.now()
		c, err := n.Census(ctx, []int64{now.Add(-time.Hour).UnixMilli(), now.Add(-72 * time.Hour).UnixMilli()}, func(userID string) bool { return userID == bot })
		require.NoError(t, err)
		require.Equal(t, Census{Users: censusPage + 2, Active: []int64{1, 2}, Languages: map[string]int64{"en": censusPage - 1, "es": 1, "fr": 1}}, c, "who chose nothing reads what the hospital does")
	})
}
