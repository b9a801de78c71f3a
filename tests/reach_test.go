package tests

import (
	"crypto/tls"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/alliance/reach"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// sharesReach has a hospital count its reach and exchange it.
func sharesReach(c *config.Config) {
	c.Alliance.Reach = config.AllianceReach{Enabled: true, Share: true}
}

// sentByUsers is the exact number of messages that a hospital has counted.
func sentByUsers(t *testing.T, h *testhospital.Hospital) int {
	t.Helper()
	var n int
	require.NoError(t, h.Node().DB.QueryRow(t.Context(), `SELECT COALESCE(SUM(messages), 0) FROM reach_days`).Scan(&n))
	return n
}

func wantSent(t *testing.T, h *testhospital.Hospital, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return sentByUsers(t, h) >= n }, 60*time.Second, 20*time.Millisecond)
	require.Equal(t, n, sentByUsers(t, h))
}

func say(u *testhospital.User, room string, times int) {
	for range times {
		u.Say(room, "Could you look at this?")
	}
}

func reportOf(t *testing.T, h *testhospital.Hospital) reach.Report {
	t.Helper()
	report, err := h.Node().Reach.Report(t.Context(), 30)
	require.NoError(t, err)
	return report
}

func TestHospitalsExchangeTheirReach(t *testing.T) {
	e := newExchange(t)
	hospitals := e.admitted(2, sharesReach)
	a, b := hospitals[0], hospitals[1]
	ana, bo := a.User("ana"), b.User("bo")
	for _, name := range []string{"ben", "carla", "dora", "emil", "fatma", "gita"} {
		a.User(name).Must(http.MethodGet, v3+"/account/whoami", nil)
	}
	alone := ana.CreateRoom(testhospital.Room{})
	shared := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(shared, a.Name)
	say(ana, alone, 3)
	say(ana, shared, 12)
	ana.Send(shared, "m.room.encrypted", object{"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "s", "device_id": "D", "sender_key": "k"})
	ana.Send(shared, "m.reaction", object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": "$x", "key": "+"}})
	ana.SetState(shared, "m.room.topic", "", object{"topic": "Wards"})
	say(bo, shared, 2)
	wantSent(t, a, 13)
	wantSent(t, b, 2)

	report := reportOf(t, b)
	require.Equal(t, []int{2, 1}, []int{report.Members, report.Countries})
	require.Empty(t, report.Silent)
	require.Len(t, report.Hospitals, 2)
	for _, h := range report.Hospitals {
		if h.ServerName == a.Name {
			require.Equal(t, reach.Coarse(7), h.Figures.Users)
			require.Equal(t, reach.Coarse(7), h.Figures.ActiveDay)
			require.Equal(t, reach.Coarse(13), h.Figures.Messages)
			require.Equal(t, reach.Few, h.Figures.Rooms)
		}
	}
	require.Equal(t, report.Own.Figures.Messages, reach.Few)
	require.Equal(t, map[string]reach.Count{a.Name: reach.Few}, report.Own.RoomsWith)
	require.Equal(t, reach.Coarse(15+2), report.Total.Messages)
	require.Equal(t, report.Total, report.ByCountry[0].Figures)

	var told reach.Report
	require.NoError(t, admin.NewClient(b.Node().AdminSocket()).Call(t.Context(), http.MethodGet, reach.PathReport, nil, &told))
	require.Equal(t, report, told, "the administrator is told the same")

	page, err := a.Node().Reach.ReachPage(t.Context(), b.Name, 30)
	require.NoError(t, err)
	for _, hidden := range []string{ana.ID, shared, a.Name, b.Name, "Wards", "13"} {
		require.NotContains(t, string(page), hidden)
	}
	say(ana, shared, 7)
	wantSent(t, a, 20)
	same, err := a.Node().Reach.ReachPage(t.Context(), b.Name, 30)
	require.NoError(t, err)
	require.Equal(t, string(page), string(same), "what others are told does not follow single messages")
}

func TestTheReachIsCountedOnceOverRestarts(t *testing.T) {
	e := newExchange(t)
	hospitals := e.admitted(2, sharesReach)
	a, b := hospitals[0], hospitals[1]
	ana, bo := a.User("ana"), b.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(room, a.Name)
	say(ana, room, 4)
	a.Restart() // likely before they are counted
	say(ana, room, 3)
	wantSent(t, a, 7)
	a.Restart()
	a.Restart()
	say(ana, room, 1)
	wantSent(t, a, 8)

	a.Stop()
	a.Config.Alliance.Reach = config.AllianceReach{}
	a.Start()
	say(ana, room, 5)
	_, err := a.Node().Reach.Report(t.Context(), 30)
	require.ErrorIs(t, err, reach.ErrOff)
	a.Stop()
	a.Config.Alliance.Reach.Enabled = true
	a.Start()
	require.Eventually(t, func() bool {
		var n int
		return a.Node().DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM reach_counted`).Scan(&n) == nil && n == 1
	}, 60*time.Second, 20*time.Millisecond)
	say(ana, room, 1)
	wantSent(t, a, 9)
	report := reportOf(t, a)
	require.False(t, report.Shared)
	require.Len(t, report.Hospitals, 1)
}

func TestTheReachIsToldToAdmittedMembersOnly(t *testing.T) {
	e := newExchange(t)
	hospitals := testhospital.Alliance(t, 3, e.member(), sharesReach, func(c *config.Config) { c.Alliance.Mode = config.AllianceOpen })
	a, b, c := hospitals[0], hospitals[1], hospitals[2]
	list := e.issue(time.Hour, nil, signedtest.Hospital(a.Name), suspended(b.Name))
	for _, h := range hospitals {
		e.take(h, list)
	}
	for _, asker := range []string{b.Name, c.Name, "stranger.example"} {
		_, err := a.Node().Reach.ReachPage(t.Context(), asker, 30)
		require.ErrorContains(t, err, "admitted members", asker)
	}
	for _, asker := range []*testhospital.Hospital{b, c} {
		report := reportOf(t, asker)
		require.Empty(t, report.Hospitals)
		require.Len(t, report.Silent, 1)
		require.Equal(t, []string{a.Name, string(reach.NoAnswer)}, []string{report.Silent[0].ServerName, string(report.Silent[0].Why)})
	}
	require.Equal(t, http.StatusUnauthorized, withoutSignature(t, a, "/_matrix/federation/unstable/org.medixchange.alliance/reach?days=30"))

	e.admit(a, b, c)
	for _, asker := range []*testhospital.Hospital{b, c} {
		require.Len(t, reportOf(t, asker).Hospitals, 3, asker.Name)
	}
	_, err := a.Node().Reach.ReachPage(t.Context(), c.Name, 8)
	require.ErrorContains(t, err, "days")

	b.Stop()
	b.Config.Alliance.Reach.Share = false
	b.Start()
	c.Restart()
	report := reportOf(t, c)
	require.Len(t, report.Hospitals, 2)
	require.Equal(t, reach.Closed, report.Silent[0].Why)
}

// withoutSignature asks a hospital as anybody can, and returns the status.
func withoutSignature(t *testing.T, h *testhospital.Hospital, path string) int {
	t.Helper()
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 20 * time.Second}
	defer insecure.CloseIdleConnections()
	resp, err := insecure.Get("https://" + h.Name + path)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}
