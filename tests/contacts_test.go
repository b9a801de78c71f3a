package tests

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/directory"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// invitations are the ways by which a user is invited; each says what the inviter was answered.
var invitations = map[string]func(from *testhospital.User, to string) (int, string, string){
	"invite": func(from *testhospital.User, to string) (int, string, string) {
		room := from.CreateRoom(testhospital.Room{})
		status, answer := from.Do(post, v3+"/rooms/"+url.PathEscape(room)+"/invite", object{"user_id": to})
		return status, answer.Get("errcode").Str, answer.Get("error").Str
	},
	"state event": func(from *testhospital.User, to string) (int, string, string) {
		room := from.CreateRoom(testhospital.Room{})
		status, answer := from.Do(put, v3+"/rooms/"+url.PathEscape(room)+"/state/m.room.member/"+url.PathEscape(to), object{"membership": "invite"})
		return status, answer.Get("errcode").Str, answer.Get("error").Str
	},
}

// TestWhoMayInviteWhom goes through rules, lists and kinds of people who invite, over every road.
func TestWhoMayInviteWhom(t *testing.T) {
	e := newExchange(t)
	open := func(c *config.Config) { c.Alliance.Mode = config.AllianceOpen }
	hospitals := testhospital.Alliance(t, 3, e.member(), open)
	a, b := hospitals[0], hospitals[1]
	list := e.issue(time.Hour, nil, signedtest.Hospital(a.Name), signedtest.Hospital(b.Name))
	for _, h := range hospitals {
		e.take(h, list)
	}
	ana := a.User("ana")
	colleague, doctor, unknown, stranger := a.User("colleague"), b.User("doctor"), b.User("unknown"), hospitals[2].User("stranger")
	enlist(t, doctor, directory.Entry{Name: "Doctor", Specialty: "surgery"})
	everybody := map[string]*testhospital.User{"colleague": colleague, "doctor": doctor, "unknown": unknown, "stranger": stranger}

	const blocked = "M_INVITE_BLOCKED"
	for _, c := range []struct {
		name string
		said object
		none bool     // takes no invites at all
		may  []string // of everybody
	}{
		{"as the hospital says", object{}, false, []string{"colleague", "doctor", "unknown", "stranger"}},
		{"alliance", object{"rule": "alliance"}, false, []string{"colleague", "doctor", "unknown"}},
		{"verified", object{"rule": "verified"}, false, []string{"colleague", "doctor"}},
		{"listed", object{"rule": "listed"}, false, nil},
		{"listed, with somebody", object{"rule": "listed", "allow": []string{unknown.ID}}, false, []string{"unknown"}},
		{"listed, with a hospital", object{"rule": "listed", "allow": []string{b.Name}}, false, []string{"doctor", "unknown"}},
		{"a stranger allowed", object{"rule": "verified", "allow": []string{stranger.ID}}, false, []string{"colleague", "doctor", "stranger"}},
		{"somebody blocked", object{"rule": "anyone", "block": []string{colleague.ID}, "allow": []string{colleague.ID}}, false, []string{"doctor", "unknown", "stranger"}},
		{"a hospital blocked", object{"block": []string{b.Name}}, false, []string{"colleague", "stranger"}},
		{"no invites", object{"rule": "anyone", "allow": []string{doctor.ID}}, true, nil},
	} {
		setData(ana, directory.TypeContacts, c.said)
		action := object{}
		if c.none {
			action["default_action"] = "block"
		}
		setData(ana, "m.invite_permission_config", action)
		for who, from := range everybody {
			for road, invite := range invitations {
				status, code, sentence := invite(from, ana.ID)
				may := slices.Contains(c.may, who)
				require.Equal(t, may, status == http.StatusOK, "%s: %s by %s: %d %s", c.name, road, who, status, sentence)
				if may {
					continue
				}
				want := "M_FORBIDDEN"
				if c.none {
					want = blocked
				}
				require.Equal(t, want, code, "%s: %s by %s: %s", c.name, road, who, sentence)
				require.Contains(t, sentence, "takes", "the refusal says why: %s", sentence)
			}
		}
	}

	setData(ana, "m.invite_permission_config", object{})
	setData(ana, directory.TypeContacts, object{"rule": "listed"})
	status, answer := colleague.Do(post, v3+"/createRoom", object{"invite": []string{ana.ID}})
	require.Equal(t, http.StatusForbidden, status, answer.Raw)
	status, answer = ana.Do(put, v3+"/user/"+url.PathEscape(ana.ID)+"/account_data/"+directory.TypeContacts, object{"rule": "nobody"})
	require.Equal(t, http.StatusBadRequest, status, answer.Raw)
}
