package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// withBot gives a node its bot, which tells people things.
func withBot(c *config.Config) { c.Translator.Enabled = true }

// aclOf is the access list of a room as a member sees it.
func aclOf(u *testhospital.User, room string) gjson.Result {
	status, answer := u.Do(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/state/m.room.server_acl", nil)
	if status != http.StatusOK {
		return gjson.Result{}
	}
	return answer
}

// hears waits until a user's timeline holds a text of the bot.
func hears(u *testhospital.User, room, text string) {
	u.WaitUntil(text, func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get("content.msgtype").Str == "m.notice" && strings.Contains(ev.Get("content.body").Str, text) {
				return true
			}
		}
		return false
	})
}

// TestASuspensionClosesSharedRoomsAndAReadmissionOpensThem: three nodes; rooms are closed by their access lists, members are told
// in their languages, and the hospital that comes back gets what it missed.
func TestASuspensionClosesSharedRoomsAndAReadmissionOpensThem(t *testing.T) {
	e := newExchange(t)
	policies := func(c *config.Config) { c.Alliance.PolicyRoom = true }
	a := testhospital.At(t, "127.0.0.2", e.member(), withBot, policies)
	b := testhospital.At(t, "127.0.0.3", e.member(a.Name), withBot)
	c := testhospital.At(t, "127.0.0.4", e.member(a.Name), withBot)
	members := func(third signed.Hospital) []signed.Hospital {
		return []signed.Hospital{signedtest.Hospital(a.Name), signedtest.Hospital(b.Name), third}
	}
	publish := func(third signed.Hospital, wait ...*testhospital.Hospital) {
		e.take(a, e.issue(time.Hour, nil, members(third)...))
		a.Node().Alliance.Tell(t.Context())
		for _, h := range wait {
			require.Eventually(t, func() bool { return h.Node().Alliance.Head().MembersHash == e.list.Hash() }, 20*time.Second, 5*time.Millisecond, h.Name)
		}
	}
	publish(signedtest.Hospital(c.Name), b, c)
	ana, bo, chen := a.User("ana"), b.User("bo"), c.User("chen")
	bo.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(bo.ID)+"/account_data/org.medixchange.language", map[string]string{"language": "es"})
	room := ana.CreateRoom(testhospital.Room{Invite: []string{bo.ID, chen.ID}})
	theirs := chen.CreateRoom(testhospital.Room{Invite: []string{ana.ID}})
	for _, u := range []*testhospital.User{bo, chen} {
		u.WaitForInvite(room)
		u.Join(room, a.Name)
	}
	ana.WaitForInvite(theirs)
	ana.Join(theirs, c.Name)
	bo.WaitFor(room, chen.Say(room, "hello"))

	publish(suspended(c.Name), b, c)
	hears(ana, room, "suspended from the alliance")
	hears(bo, room, "suspendido de la alianza")
	list := aclOf(bo, room)
	require.Equal(t, "127.0.0.4", list.Get("deny.0").Str, list.Raw)
	require.Equal(t, "*", list.Get("allow.0").Str)
	require.False(t, aclOf(ana, theirs).Exists(), "nobody of A may change the list of the other room")
	missed := ana.Say(room, "while c is suspended")
	bo.WaitFor(room, missed)

	alias := "/_matrix/client/v3/directory/room/" + url.PathEscape("#alliance:"+a.Name)
	mirror := ana.Must(http.MethodGet, alias, nil).Get("room_id").Str
	rule := func() gjson.Result {
		return ana.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(mirror)+"/state/m.policy.rule.server/"+url.PathEscape("rule:"+c.Name), nil)
	}
	ana.Must(http.MethodPost, "/_matrix/client/v3/join/"+url.PathEscape(mirror), map[string]any{})
	require.Equal(t, c.Name, rule().Get("entity").Str)
	require.Equal(t, "m.ban", rule().Get("recommendation").Str)

	publish(signedtest.Hospital(c.Name), b, c)
	hears(ana, room, "belongs to the alliance")
	hears(bo, room, "vuelve a pertenecer")
	require.Empty(t, aclOf(ana, room).Get("deny").Array())
	chen.WaitFor(room, missed)
	back := chen.Say(room, "thank you")
	ana.WaitFor(room, back)
	bo.WaitFor(room, back)
	require.Eventually(t, func() bool { return !rule().Get("entity").Exists() }, 20*time.Second, 20*time.Millisecond)
}
