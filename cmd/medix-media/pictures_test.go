package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// says is what the client of somebody says in the room of their part in the call.
func (m *meeting) says(u *testhospital.User, sfu string) {
	path := "/_matrix/client/v3/rooms/" + url.PathEscape(m.room) + "/send/org.matrix.msc4143.rtc.member/" + u.DeviceID +
		"?org.matrix.msc4354.sticky_duration_ms=3600000"
	u.Must(http.MethodPut, path, map[string]any{
		"msc4354_sticky_key": "m-" + u.DeviceID, "slot_id": "m.call#ROOM", "member": map[string]string{"id": "m-" + u.DeviceID},
		"rtc_transports": []map[string]string{{"type": "livekit", "url": sfu}},
	})
}

// shown are the sources of what somebody publishes at their hospital.
func (m *meeting) shown(u *testhospital.User) (sources []string) {
	for _, track := range people(u, m.room)[u.ID].Get("tracks").Array() {
		sources = append(sources, track.Get("source").Str)
	}
	return sources
}

func (m *meeting) becomes(t *testing.T, u *testhospital.User, why string, sources ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(m.shown(u)) == len(sources) }, patience, pause, why)
	require.ElementsMatch(t, sources, m.shown(u), why)
}

// TestTheCapOfPicturesCountsOverAllHospitals: who came first stays at whichever hospital it was, a place that is free is anybody's, and
// who came second gives way where two hospitals had not heard of each other yet.
func TestTheCapOfPicturesCountsOverAllHospitals(t *testing.T) {
	m := meet(t)
	m.says(m.ana, m.urlA)
	m.says(m.bo, m.urlB)
	bo, ana := m.joins(t, m.bo, m.b), m.joins(t, m.ana, m.a)
	picture := ana.show()
	ana.talk()
	m.becomes(t, m.ana, "no policy yet", "camera", "microphone")
	bo.show()
	bo.talk()
	m.becomes(t, m.bo, "no policy yet", "camera", "microphone")

	m.ana.SetState(m.room, policyType, "", map[string]any{"max_video": 1})
	m.becomes(t, m.bo, "ana showed first, at another hospital", "microphone")
	require.ElementsMatch(t, []string{"camera", "microphone"}, m.shown(m.ana))
	bo.may(false, "ana came first")
	eve := m.b.User("eve")
	eve.Join(m.room, m.a.Name)
	_, token, _ := askToken(eve, m.b, m.urlB, m.room)
	require.Equal(t, []any{"microphone"}, claimsOf(t, token)["video"].(map[string]any)["canPublishSources"], "the place is taken elsewhere")

	require.NoError(t, ana.room.LocalParticipant.UnpublishTrack(picture.SID()))
	m.becomes(t, m.ana, "she shows nothing more", "microphone")
	bo.may(true, "the place is free")
	bo.show()
	m.becomes(t, m.bo, "he took the place", "camera", "microphone")
	ana.may(false, "bo came first now")
	require.ElementsMatch(t, []string{"camera", "microphone"}, m.shown(m.bo))

	m.ana.SetState(m.room, policyType, "", map[string]any{"max_video": 2})
	ana.may(true, "there is a place for two")
	ana.show()
	m.becomes(t, m.ana, "there is a place for two", "camera", "microphone")
	require.ElementsMatch(t, []string{"camera", "microphone"}, m.shown(m.bo))
}

// may waits until the SFU has told somebody whether they may show pictures.
func (c *caller) may(show bool, why string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		sources := c.room.LocalParticipant.Permissions().GetCanPublishSources()
		return show == (len(sources) == 0 || slices.Contains(sources, livekit.TrackSource_CAMERA))
	}, patience, pause, why)
}

// TestOnlyHospitalsOfTheRoomSayWhoShowsPictures: strangers learn nothing and change nothing, nor does a hospital speak for the users
// of another or for who is not in the room.
func TestOnlyHospitalsOfTheRoomSayWhoShowsPictures(t *testing.T) {
	m := meet(t)
	ana := m.joins(t, m.ana, m.a)
	before := time.Now().UnixMilli()
	ana.show()
	m.ana.SetState(m.room, policyType, "", map[string]any{"max_video": 1})
	m.becomes(t, m.ana, "hers", "camera")
	route := "/_matrix/federation/unstable/org.medixchange.conference/pictures"
	say := func(origin string, body map[string]any) (map[string]any, error) {
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		answer, err := m.a.Node().Conferences.FederationRoutes()[route](t.Context(), origin, raw)
		if err != nil {
			return nil, err
		}
		raw, err = json.Marshal(answer)
		require.NoError(t, err)
		out := map[string]any{}
		return out, json.Unmarshal(raw, &out)
	}
	claim := func(user string) map[string]any {
		return map[string]any{"room_id": m.room, "slot_id": "m.call#ROOM", "ts": time.Now().UnixMilli(), "showing": []map[string]any{
			{"identity": "x", "user_id": user, "since": 1},
		}}
	}
	_, err := say("stranger.example", claim("@x:stranger.example"))
	require.ErrorContains(t, err, "not joined")
	for _, user := range []string{m.ana.ID, "@nobody:" + m.b.Name} {
		answer, err := say(m.b.Name, claim(user))
		require.NoError(t, err)
		require.Len(t, answer["showing"], 1)
		shown := answer["showing"].([]any)[0].(map[string]any)
		require.Equal(t, m.ana.ID, shown["user_id"])
		require.GreaterOrEqual(t, int64(shown["since"].(float64)), before, "since it was published, not since she joined")
	}
	many := claim(m.bo.ID)
	many["showing"] = make([]map[string]any, 501)
	_, err = say(m.b.Name, many)
	require.Error(t, err)
	_, err = say(m.b.Name, map[string]any{"room_id": "!nowhere:" + m.a.Name, "slot_id": "m.call#ROOM"})
	require.ErrorContains(t, err, "not joined")
	require.Never(t, func() bool { return len(m.shown(m.ana)) == 0 }, 300*time.Millisecond, pause, "nothing of this counts")

	_, err = say(m.b.Name, claim(m.bo.ID))
	require.NoError(t, err)
	m.becomes(t, m.ana, "what its own user shows does")
}
