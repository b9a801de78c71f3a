package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// exchange is an alliance for tests on one machine.
type exchange struct {
	t       *testing.T
	council signedtest.Committee
	charter *signed.Charter
	list    *signed.MemberList // the last one made
	file    string
}

func newExchange(t *testing.T) *exchange {
	e := &exchange{t: t, council: signedtest.NewCommittee(t, "ana", "bo", "chen"), file: filepath.Join(t.TempDir(), "charter.json")}
	e.charter = e.council.Charter(t, func(c *signed.Charter) { c.Rehearsal = true })
	require.NoError(t, os.WriteFile(e.file, e.charter.Raw(), 0o600))
	return e
}

// member makes a node a part of the alliance.
func (e *exchange) member(peers ...string) testhospital.Option {
	return func(c *config.Config) {
		c.Alliance.Enabled, c.Alliance.Charter, c.Alliance.Peers = true, e.file, peers
		c.Alliance.Grace, c.Alliance.Poll = 0, config.Duration(time.Second)
	}
}

// issue makes the next list, signed by some; by two if nobody is named.
func (e *exchange) issue(lifetime time.Duration, signers []string, hospitals ...signed.Hospital) *signed.MemberList {
	e.t.Helper()
	next := e.list.Next(e.charter, time.Now(), lifetime)
	next.Hospitals = hospitals
	raw, err := next.Draft()
	require.NoError(e.t, err)
	if signers == nil {
		signers = []string{"ana", "bo"}
	}
	list, err := signed.ReadMembers(e.council.Sign(e.t, raw, signers...))
	require.NoError(e.t, err)
	return list
}

func (e *exchange) take(h *testhospital.Hospital, list *signed.MemberList) {
	e.t.Helper()
	_, err := h.Node().Alliance.TakeMembers(e.t.Context(), list.Raw(), "")
	require.NoError(e.t, err)
	e.list = list
}

func suspended(name string) signed.Hospital {
	h := signedtest.Hospital(name)
	h.Status, h.Reason = signed.Suspended, "for a test"
	return h
}

// road is one way by which hospitals reach each other. It reports whether it was open, from one user to a hospital whose
// user, who shares no room with anybody and of whom nothing is remembered yet, is named.
type road struct {
	name string
	open func(from, to *testhospital.User) bool
}

// asked is a road of which the answer's status tells.
func asked(name, method string, path func(to *testhospital.User) string, body func(to *testhospital.User) any, good func(gjson.Result) bool) road {
	return road{name, func(from, to *testhospital.User) bool {
		var b any
		if body != nil {
			b = body(to)
		}
		status, answer := from.Do(method, path(to), b)
		return status == http.StatusOK && (good == nil || good(answer))
	}}
}

func roads() []road {
	const v3 = "/_matrix/client/v3"
	n := 0
	return []road{
		asked("profile", http.MethodGet, func(to *testhospital.User) string { return v3 + "/profile/" + url.PathEscape(to.ID) }, nil, nil),
		asked("keys of devices", http.MethodPost, func(*testhospital.User) string { return v3 + "/keys/query" },
			func(to *testhospital.User) any { return map[string]any{"device_keys": map[string][]string{to.ID: {}}} },
			func(answer gjson.Result) bool { return len(answer.Get("failures").Map()) == 0 }),
		asked("public rooms", http.MethodGet, func(to *testhospital.User) string {
			return v3 + "/publicRooms?server=" + url.QueryEscape(to.Hospital.Name)
		}, nil, nil),
		{"alias", func(from, to *testhospital.User) bool {
			n++
			to.CreateRoom(testhospital.Room{Preset: "public_chat", Extra: map[string]any{"room_alias_name": fmt.Sprintf("ward%d", n)}})
			status, _ := from.Do(http.MethodGet, fmt.Sprintf("%s/directory/room/%s", v3, url.PathEscape(fmt.Sprintf("#ward%d:%s", n, to.Hospital.Name))), nil)
			return status == http.StatusOK
		}},
		{"join", func(from, to *testhospital.User) bool {
			room := to.CreateRoom(testhospital.Room{Preset: "public_chat"})
			status, _ := from.Do(http.MethodPost, v3+"/join/"+url.PathEscape(room)+"?server_name="+url.QueryEscape(to.Hospital.Name), map[string]any{})
			return status == http.StatusOK
		}},
		{"invite", func(from, to *testhospital.User) bool {
			room := from.CreateRoom(testhospital.Room{})
			status, _ := from.Do(http.MethodPost, v3+"/rooms/"+url.PathEscape(room)+"/invite", map[string]string{"user_id": to.ID})
			return status == http.StatusOK
		}},
		{"media", func(from, to *testhospital.User) bool {
			uri := to.Must(http.MethodPost, "/_matrix/media/v3/upload?filename=x", map[string]int{"n": n}).Get("content_uri").Str
			status, _ := from.Do(http.MethodGet, "/_matrix/client/v1/media/download/"+uri[len("mxc://"):], nil)
			return status == http.StatusOK
		}},
	}
}

// TestTheMemberListDecidesOnEveryRoad changes the list of one hospital and looks at every road to it and from it. The other
// hospital has no list, so that each refusal is the first one's.
func TestTheMemberListDecidesOnEveryRoad(t *testing.T) {
	e := newExchange(t)
	here, there := testhospital.Start(t, e.member()), testhospital.Start(t)
	nurse, doctor := here.User("nurse"), there.User("doctor")
	strangers := 0
	stranger := func(h *testhospital.Hospital) *testhospital.User {
		strangers++
		return h.User(fmt.Sprintf("stranger%d", strangers))
	}
	other := signedtest.Hospital(there.Name)
	all := roads()

	e.take(here, e.issue(time.Hour, nil, other))
	room := nurse.CreateRoom(testhospital.Room{Invite: []string{doctor.ID}})
	doctor.WaitForInvite(room)
	doctor.Join(room, here.Name)
	nurse.WaitFor(room, doctor.Say(room, "among members"))
	var first = e.list

	for _, standing := range []struct {
		name   string
		change func()
		open   bool
	}{
		{"member", func() {}, true},
		{"suspended", func() { e.take(here, e.issue(time.Hour, nil, suspended(there.Name))) }, false},
		{"signed by too few", func() { e.refused(here, e.issue(time.Hour, []string{"ana"}, other), signed.ErrSignatures) }, false},
		{"signed by too few of the charter", func() {
			e.refused(here, e.issue(time.Hour, []string{"ana", "chen", "ana"}[:1], other), signed.ErrSignatures)
		}, false},
		{"older serial", func() { e.refused(here, first, signed.ErrOlder) }, false},
		{"unknown", func() { e.take(here, e.issue(time.Hour, nil)) }, false},
		{"readmitted", func() { e.take(here, e.issue(time.Hour, nil, other)) }, true},
		{"expired", func() {
			e.take(here, e.issue(time.Second, nil, other))
			require.Eventually(t, func() bool { return !time.Now().Before(e.list.Expires()) }, 20*time.Second, 10*time.Millisecond)
		}, false},
	} {
		standing.change()
		for _, r := range all {
			require.Equal(t, standing.open, r.open(doctor, stranger(here)), "%s: %s, inward", standing.name, r.name)
			require.Equal(t, standing.open, r.open(nurse, stranger(there)), "%s: %s, outward", standing.name, r.name)
		}
		if standing.open {
			nurse.WaitFor(room, doctor.Say(room, standing.name+", inward"))
			doctor.WaitFor(room, nurse.Say(room, standing.name+", outward"))
		} else {
			doctor.Say(room, "not to be heard: "+standing.name)
			nurse.Say(room, "not to be heard: "+standing.name)
		}
	}
	for _, u := range []*testhospital.User{nurse, doctor} {
		for _, ev := range testhospital.Timeline(u.Login().Sync(0), room) {
			if ev.Get("sender").Str != u.ID {
				require.NotContains(t, ev.Get("content.body").Str, "expired")
			}
		}
	}
}

func (e *exchange) refused(h *testhospital.Hospital, list *signed.MemberList, why error) {
	e.t.Helper()
	_, err := h.Node().Alliance.TakeMembers(e.t.Context(), list.Raw(), "forger.example")
	require.ErrorIs(e.t, err, why)
}

// TestASuspensionReachesEveryNodeAndReadmissionCatchesUp: three nodes, of which only one is given the documents.
func TestASuspensionReachesEveryNodeAndReadmissionCatchesUp(t *testing.T) {
	e := newExchange(t)
	a := testhospital.Start(t, e.member())
	b, c := testhospital.Start(t, e.member(a.Name)), testhospital.Start(t, e.member(a.Name))
	members := func(third signed.Hospital) []signed.Hospital {
		return []signed.Hospital{signedtest.Hospital(a.Name), signedtest.Hospital(b.Name), third}
	}
	reached := func(hospitals ...*testhospital.Hospital) {
		t.Helper()
		for _, h := range hospitals {
			require.Eventually(t, func() bool { return h.Node().Alliance.Head().MembersHash == e.list.Hash() }, 20*time.Second, 5*time.Millisecond, h.Name)
		}
	}
	e.take(a, e.issue(time.Hour, nil, members(signedtest.Hospital(c.Name))...))
	reached(b, c)

	ana, bo, chen := a.User("ana"), b.User("bo"), c.User("chen")
	room := ana.CreateRoom(testhospital.Room{Invite: []string{bo.ID, chen.ID}})
	for _, u := range []*testhospital.User{bo, chen} {
		u.WaitForInvite(room)
		u.Join(room, a.Name)
	}
	first := chen.Say(room, "hello")
	ana.WaitFor(room, first)
	bo.WaitFor(room, first)

	e.take(a, e.issue(time.Hour, nil, members(suspended(c.Name))...))
	a.Node().Alliance.Tell(t.Context())
	reached(b, c) // also the suspended one learns it, from the pages that are open to all
	missed := ana.Say(room, "while c is suspended")
	bo.WaitFor(room, missed)
	unheard := chen.Say(room, "from a suspended hospital")
	bo.WaitFor(room, ana.Say(room, "later"))

	e.take(a, e.issue(time.Hour, nil, members(signedtest.Hospital(c.Name))...))
	reached(b, c)
	chen.WaitFor(room, missed)
	ana.WaitFor(room, unheard)
	bo.WaitFor(room, unheard)
}

// TestAServerMaySignOnlyWithTheKeysOfTheList: whoever takes over a hospital's domain has another key.
func TestAServerMaySignOnlyWithTheKeysOfTheList(t *testing.T) {
	e := newExchange(t)
	here, there := testhospital.Start(t, e.member()), testhospital.Start(t)
	nurse, doctor := here.User("nurse"), there.User("doctor")
	pinned := signedtest.Hospital(there.Name)
	pinned.Keys = []string{signed.Fingerprint("ed25519:other", e.council["ana"].Public())}
	e.take(here, e.issue(time.Hour, nil, pinned))
	status, _ := doctor.Do(http.MethodGet, "/_matrix/client/v3/profile/"+url.PathEscape(nurse.ID), nil)
	require.NotEqual(t, http.StatusOK, status)
	e.take(here, e.issue(time.Hour, nil, signedtest.Hospital(there.Name)))
	doctor.Must(http.MethodGet, "/_matrix/client/v3/profile/"+url.PathEscape(nurse.ID), nil)
}

// TestAnInviteAfterAnUnheardRemovalIsNotLost: bo is removed while nothing is said to his hospital, and invited again as soon as it
// hears again. It still believes that he is in the room when the invite comes.
func TestAnInviteAfterAnUnheardRemovalIsNotLost(t *testing.T) {
	e := newExchange(t)
	hospitals := e.admitted(2)
	a, b := hospitals[0], hospitals[1]
	ana, bo := a.User("ana"), b.User("bo")
	room := ana.CreateRoom(testhospital.Room{Invite: []string{bo.ID}})
	bo.WaitForInvite(room)
	bo.Join(room, a.Name)
	bo.WaitFor(room, ana.Say(room, "hello"))
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name), suspended(b.Name)))
	ana.Must(http.MethodPost, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/kick", map[string]string{"user_id": bo.ID})
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name), signedtest.Hospital(b.Name)))
	ana.Invite(room, bo.ID)
	bo.Login().WaitForInvite(room)
	bo.Join(room, a.Name)
	bo.WaitFor(room, ana.Say(room, "again"))
}

// TestASuspendedSendersEventsDoNotComeInThroughOthers: b does not know of the suspension and goes on building on what c says. a gets
// b's events, and takes nothing of c's from b.
func TestASuspendedSendersEventsDoNotComeInThroughOthers(t *testing.T) {
	e := newExchange(t)
	a := testhospital.Start(t, e.member())
	b, c := testhospital.Start(t), testhospital.Start(t)
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name), signedtest.Hospital(b.Name), signedtest.Hospital(c.Name)))
	ana, bo, chen := a.User("ana"), b.User("bo"), c.User("chen")
	room := ana.CreateRoom(testhospital.Room{Invite: []string{bo.ID, chen.ID}})
	for _, u := range []*testhospital.User{bo, chen} {
		u.WaitForInvite(room)
		u.Join(room, a.Name)
	}
	first := chen.Say(room, "hello")
	ana.WaitFor(room, first)
	bo.WaitFor(room, first)
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name), signedtest.Hospital(b.Name), suspended(c.Name)))
	smuggled := chen.Say(room, "smuggled")
	bo.WaitFor(room, smuggled)
	ana.WaitFor(room, bo.Say(room, "built on it"))
	status, _ := ana.Do(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/event/"+url.PathEscape(smuggled), nil)
	require.Equal(t, http.StatusNotFound, status)
	for _, ev := range testhospital.Timeline(ana.Login().Sync(0), room) {
		require.NotEqual(t, "smuggled", ev.Get("content.body").Str)
	}
}
