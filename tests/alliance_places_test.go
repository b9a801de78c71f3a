package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
	"medixchange/federation"
	"medixchange/internal/testhospital"
)

// town is a hospital that goes by the list, one whose standing changes, and a member that hears of no list and carries what
// the second says to the first.
type town struct {
	*exchange
	here, there, carrier *testhospital.Hospital
	nurse, doctor, bo    *testhospital.User
	room                 string // of all three
	asThere, asCarrier   *federation.Client
	n                    int
}

func newTown(t *testing.T) *town {
	w := &town{exchange: newExchange(t)}
	w.here, w.there, w.carrier = testhospital.Start(t, w.member()), testhospital.Start(t), testhospital.Start(t)
	w.asThere, w.asCarrier = askingAs(t, w.there), askingAs(t, w.carrier)
	w.nurse, w.doctor, w.bo = w.here.User("nurse"), w.there.User("doctor"), w.carrier.User("bo")
	w.take(w.here, w.lists(signedtest.Hospital(w.there.Name)))
	w.room = w.nurse.CreateRoom(testhospital.Room{Invite: []string{w.doctor.ID, w.bo.ID}})
	for _, u := range []*testhospital.User{w.doctor, w.bo} {
		u.WaitForInvite(w.room)
		u.Join(w.room, w.here.Name)
	}
	w.bo.WaitFor(w.room, w.doctor.Say(w.room, "hello"))
	return w
}

// lists makes the next list with the carrier, and with what is said of the other.
func (w *town) lists(there ...signed.Hospital) *signed.MemberList {
	w.t.Helper()
	return w.issue(time.Hour, nil, append(there, signedtest.Hospital(w.carrier.Name))...)
}

// asks sends a signed request as a hospital's server, without anything that its own node would look at before.
func (w *town) asks(as *federation.Client, of *testhospital.Hospital, method, path string, body any) (int, gjson.Result) {
	w.t.Helper()
	location, err := as.Locate(w.t.Context(), of.Name)
	require.NoError(w.t, err)
	probe := federation.Probe{Server: of.Name, At: location.Places[0], Method: method, URI: "/_matrix/federation" + path, Claim: federation.ClaimSigned}
	if body != nil {
		probe.Body, err = json.Marshal(body)
		require.NoError(w.t, err)
	}
	answer, err := as.Probe(w.t.Context(), probe)
	require.NoError(w.t, err)
	return answer.Status, gjson.ParseBytes(answer.Body)
}

// door is a place of enforcement: what the other hospital's server asks there, and the answer to a member.
type door struct {
	name   string
	status int // to a member
	ask    func() (int, gjson.Result)
}

func (w *town) inward(method, path string, body any) func() (int, gjson.Result) {
	return func() (int, gjson.Result) { return w.asks(w.asThere, w.here, method, path, body) }
}

func (w *town) doors() []door {
	ward := w.nurse.CreateRoom(testhospital.Room{Preset: "public_chat", Extra: map[string]any{"room_alias_name": "ward"}})
	file := w.nurse.Must(http.MethodPost, "/_matrix/media/v3/upload?filename=x", map[string]int{"n": 1}).Get("content_uri").Str
	nurse := url.QueryEscape(w.nurse.ID)
	nothing := map[string]any{"origin": w.there.Name, "origin_server_ts": 1, "pdus": []any{}}
	return []door{
		{"inbound request", 200, w.inward(http.MethodGet, "/v1/query/profile?user_id="+nurse, nil)},
		{"transaction", 200, func() (int, gjson.Result) {
			w.n++
			return w.asks(w.asThere, w.here, http.MethodPut, fmt.Sprintf("/v1/send/places%d", w.n), nothing)
		}},
		// No event was made for it: a member is told what is wrong with it, nobody else is listened to so far.
		{"invite", 400, w.inward(http.MethodPut, "/v2/invite/!a:b.example/$e", map[string]any{"room_version": "11", "event": map[string]any{}, "invite_room_state": []any{}})},
		{"join", 200, w.inward(http.MethodGet, "/v1/make_join/"+url.PathEscape(ward)+"/"+url.PathEscape(w.doctor.ID)+"?ver=10&ver=11&ver=12", nil)},
		{"media", 200, w.inward(http.MethodGet, "/v1/media/download/"+url.PathEscape(file[len("mxc://")+len(w.here.Name)+1:]), nil)},
		{"keys of devices", 200, w.inward(http.MethodPost, "/v1/user/keys/query", map[string]any{"device_keys": map[string]any{w.nurse.ID: []string{}}})},
		{"claim of keys", 200, w.inward(http.MethodPost, "/v1/user/keys/claim", map[string]any{"one_time_keys": map[string]any{}})},
		{"directory of rooms", 200, w.inward(http.MethodGet, "/v1/publicRooms", nil)},
		{"aliases", 200, w.inward(http.MethodGet, "/v1/query/directory?room_alias="+url.QueryEscape("#ward:"+w.here.Name), nil)},
		{"directory of clinicians", 200, w.inward(http.MethodGet, "/unstable/org.medixchange.directory/people", nil)},
	}
}

// carried has the carrier bring what the other hospital's doctor said, in a transaction of its own, and returns the event.
func (w *town) carried() string {
	w.t.Helper()
	said := w.doctor.Say(w.room, "carried by another")
	w.bo.WaitFor(w.room, said)
	_, answer := w.asks(w.asCarrier, w.there, http.MethodGet, "/v1/event/"+url.PathEscape(said), nil)
	event := answer.Get("pdus.0")
	require.True(w.t, event.IsObject(), answer.Raw)
	w.n++
	w.asks(w.asCarrier, w.here, http.MethodPut, fmt.Sprintf("/v1/send/carried%d", w.n),
		map[string]any{"origin": w.carrier.Name, "origin_server_ts": 1, "pdus": []json.RawMessage{json.RawMessage(event.Raw)}})
	return said
}

func (w *town) sees(event string) bool {
	status, _ := w.nurse.Do(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(w.room)+"/event/"+url.PathEscape(event), nil)
	return status == http.StatusOK
}

// calls reports whether the node reaches the other hospital's server, for a user of whom it knows nothing yet.
func (w *town) calls() bool {
	w.n++
	stranger := w.there.User(fmt.Sprintf("stranger%d", w.n))
	status, _ := w.nurse.Do(http.MethodGet, "/_matrix/client/v3/profile/"+url.PathEscape(stranger.ID), nil)
	return status == http.StatusOK
}

// TestEveryPlaceOfEnforcementGoesByTheList asks at every place as the other hospital's server, in every standing that it may
// have; lists that do not count are offered so that they would change it.
func TestEveryPlaceOfEnforcementGoesByTheList(t *testing.T) {
	w := newTown(t)
	admitted, suspended := signedtest.Hospital(w.there.Name), suspended(w.there.Name)
	older := w.list
	tooFew := func(there signed.Hospital) {
		w.refused(w.here, w.issue(time.Hour, []string{"ana"}, there, signedtest.Hospital(w.carrier.Name)), signed.ErrSignatures)
	}
	doors := w.doors()
	for _, standing := range []struct {
		name   string
		change func()
		in     bool
	}{
		{"member", func() {}, true},
		{"member, whom a list with too few signatures suspends", func() { tooFew(suspended) }, true},
		{"suspended", func() { w.take(w.here, w.lists(suspended)) }, false},
		{"suspended, whom a list with too few signatures admits", func() { tooFew(admitted) }, false},
		{"suspended, whom an older list admits", func() { w.refused(w.here, older, signed.ErrOlder) }, false},
		{"readmitted", func() { w.take(w.here, w.lists(admitted)) }, true},
		{"unknown", func() { w.take(w.here, w.lists()) }, false},
		{"unknown, whom a list with too few signatures admits", func() { tooFew(admitted) }, false},
		{"unknown, whom an older list admits", func() { w.refused(w.here, older, signed.ErrOlder) }, false},
		{"member of a list that expired", func() {
			w.take(w.here, w.issue(time.Second, nil, admitted, signedtest.Hospital(w.carrier.Name)))
			require.Eventually(t, func() bool { return !time.Now().Before(w.list.Expires()) }, 20*time.Second, 10*time.Millisecond)
		}, false},
		{"member of an expired list, whom an older list admits", func() { w.refused(w.here, older, signed.ErrOlder) }, false},
	} {
		standing.change()
		for _, d := range doors {
			status, answer := d.ask()
			if standing.in {
				require.Equal(t, d.status, status, "%s: %s: %s", standing.name, d.name, answer.Raw)
				continue
			}
			require.Equal(t, http.StatusForbidden, status, "%s: %s: %s", standing.name, d.name, answer.Raw)
			require.Contains(t, answer.Get("error").Str, "does not federate with "+w.there.Name, "%s: %s", standing.name, d.name)
		}
		require.Equal(t, standing.in, w.calls(), "%s: outbound call", standing.name)
		w.carriesOnlyWhatMembersSay(standing.name, standing.in)
	}
}

// carriesOnlyWhatMembersSay looks at events of which the sender's hospital stands as it does, and which a member brings.
func (w *town) carriesOnlyWhatMembersSay(standing string, in bool) {
	w.t.Helper()
	said := w.carried()
	if in {
		w.nurse.WaitFor(w.room, said)
		return
	}
	if time.Now().Before(w.list.Expires()) { // the carrier is heard itself
		w.nurse.WaitFor(w.room, w.bo.Say(w.room, "after that"))
	}
	require.False(w.t, w.sees(said), "%s: events of a transaction", standing)
}
