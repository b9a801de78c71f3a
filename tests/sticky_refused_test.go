package tests

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/testhospital"
)

// stickyBetween is an event as h sent it, made anew with another sticky key: what h's user would have sent on top of the same events.
func stickyBetween(t *testing.T, h *testhospital.Hospital, eventID string) []byte {
	t.Helper()
	like, err := h.Node().Rooms.Event(context.Background(), eventID)
	require.NoError(t, err)
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal(like.JSON, &fields))
	delete(fields, "signatures")
	delete(fields, "hashes")
	fields["content"] = map[string]string{"msc4354_sticky_key": rand.Text()}
	canonical := func() []byte {
		plain, err := json.Marshal(fields)
		require.NoError(t, err)
		out, err := signing.CanonicalJSON(plain, signing.Limits{})
		require.NoError(t, err)
		return out
	}
	sum := sha256.Sum256(canonical())
	fields["hashes"] = map[string]string{"sha256": signing.EncodeBase64(sum[:])}
	content, sticky := fields["content"], fields["msc4354_sticky"]
	fields["content"] = map[string]string{} // signatures are over what redaction leaves
	delete(fields, "msc4354_sticky")
	key, err := signing.LoadKey(h.Config.SigningKey)
	require.NoError(t, err)
	signed, err := signing.SignJSON(h.Name, key, canonical())
	require.NoError(t, err)
	fields["content"], fields["msc4354_sticky"] = content, sticky
	fields["signatures"] = json.RawMessage(gjson.GetBytes(signed, "signatures").Raw)
	return canonical()
}

// sendRaw sends events to a server in the name of another.
func sendRaw(t *testing.T, from, to *testhospital.Hospital, pdus ...json.RawMessage) gjson.Result {
	t.Helper()
	key, err := signing.LoadKey(from.Config.SigningKey)
	require.NoError(t, err)
	uri := "/_matrix/federation/v1/send/" + rand.Text()
	body := map[string]any{"origin": from.Name, "origin_server_ts": time.Now().UnixMilli(), "pdus": pdus}
	plain, err := json.Marshal(map[string]any{"method": http.MethodPut, "uri": uri, "origin": from.Name, "destination": to.Name, "content": body})
	require.NoError(t, err)
	signed, err := signing.SignJSON(from.Name, key, plain)
	require.NoError(t, err)
	request := gjson.GetBytes(signed, "content").Raw
	req, err := http.NewRequest(http.MethodPut, "https://"+to.Name+uri, bytes.NewReader([]byte(request)))
	require.NoError(t, err)
	sig := gjson.GetBytes(signed, "signatures").Map()[from.Name].Map()[key.ID].Str
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", fmt.Sprintf(`X-Matrix origin="%s",destination="%s",key="%s",sig="%s"`, from.Name, to.Name, key.ID, sig))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, string(answer))
	return gjson.ParseBytes(answer)
}

// TestAStickyEventThatCameTooEarlyIsSeenAfterTheJoin: a hospital hears of a sticky event while it takes its sender for removed, is
// restarted, and hears of the join then. What a banned user sends in the same way stays hidden.
func TestAStickyEventThatCameTooEarlyIsSeenAfterTheJoin(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) { seesTooEarlySticky(t, on(fresh)) })
}

func seesTooEarlySticky(t *testing.T, on testhospital.Option) {
	a, b := twoHospitals(t, on)
	ana, bo, eve := a.User("ana"), b.User("bo"), b.User("eve")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID, eve.ID}})
	early := map[*testhospital.User][]byte{}
	for _, u := range []*testhospital.User{bo, eve} {
		u.WaitForInvite(room)
		u.Join(room, a.Name)
		first := stick(u, room, "org.matrix.msc4143.rtc.member", "first", "3600000")
		ana.WaitFor(room, first)
		early[u] = stickyBetween(t, b, first)
	}
	act := func(what string, u *testhospital.User) {
		ana.Must(http.MethodPost, v3+"/rooms/"+url.PathEscape(room)+"/"+what, map[string]string{"user_id": u.ID})
	}
	act("kick", bo)
	act("ban", eve)
	results := sendRaw(t, b, a, early[bo], early[eve]).Get("pdus").Map()
	require.Len(t, results, 2)
	for id, result := range results {
		require.False(t, result.Get("error").Exists(), result.Raw)
		status, _ := ana.Do(http.MethodGet, v3+"/rooms/"+url.PathEscape(room)+"/event/"+url.PathEscape(id), nil)
		require.Equal(t, http.StatusNotFound, status)
	}
	keys := map[string]bool{}
	look := func(sync gjson.Result) {
		for _, ev := range testhospital.Timeline(sync, room) {
			keys[ev.Get("content.msc4354_sticky_key").Str] = true
		}
		for _, ev := range stuck(sync, room) {
			keys[ev.Get("content.msc4354_sticky_key").Str] = true
		}
	}
	look(ana.Sync(0))
	keyOf := func(u *testhospital.User) string { return gjson.GetBytes(early[u], "content.msc4354_sticky_key").Str }
	require.False(t, keys[keyOf(bo)])

	a.Restart()
	ana.Invite(room, bo.ID)
	bo.WaitForInvite(room)
	bo.Join(room, a.Name)
	ana.WaitUntil("the sticky event from before the join", func(sync gjson.Result) bool {
		look(sync)
		return keys[keyOf(bo)]
	})
	levels := ana.Must(http.MethodGet, v3+"/rooms/"+url.PathEscape(room)+"/state/m.room.power_levels/", nil).Value().(map[string]any)
	levels["events_default"] = 0
	levels["ban"] = 40
	ana.SetState(room, "m.room.power_levels", "", levels)
	sync := ana.WaitFor(room, ana.Say(room, "after all of it"))
	look(sync)
	look(ana.Login().Sync(0))
	require.False(t, keys[keyOf(eve)], "a banned user's")
	require.True(t, keys[keyOf(bo)])
}
