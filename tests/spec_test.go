package tests

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

const (
	get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	v3, v1              = "/_matrix/client/v3", "/_matrix/client/v1"
)

type object = map[string]any

// ward is a hospital with two clinicians in one room, one of them its administrator.
type ward struct {
	*specification
	ana, bo *testhospital.User
	room    string // escaped, for paths
	roomID  string
}

// TestAnswersHaveTheSpecificationsForm drives every part of the Client-Server API and checks each answer against the
// specification's own description of it.
func TestAnswersHaveTheSpecificationsForm(t *testing.T) {
	s := readSpecification(t)
	h := testhospital.Start(t, func(c *config.Config) {
		c.Presence.Enabled = true
		c.PublicBaseURL = "https://matrix.hospital.example"
	})
	w := &ward{specification: s, ana: h.User("ana"), bo: h.User("bo")}
	require.NoError(t, h.Node().Accounts.SetAdmin(context.Background(), w.ana.ID, true))
	w.roomID = w.call(w.ana, post, v3+"/createRoom", object{"preset": "public_chat", "name": "Ward 3", "topic": "Rounds",
		"visibility": "public", "room_alias_name": "ward"}).Get("room_id").Str
	w.room = v3 + "/rooms/" + url.PathEscape(w.roomID)
	for _, part := range []struct {
		name string
		run  func(*ward)
	}{
		{"discovery", (*ward).discovery}, {"membership", (*ward).membership}, {"messages", (*ward).messages}, {"state", (*ward).state},
		{"relations", (*ward).relations}, {"receipts", (*ward).receipts}, {"directory", (*ward).directory}, {"data", (*ward).data},
		{"push", (*ward).push}, {"keys", (*ward).keys}, {"backup", (*ward).backup}, {"media", (*ward).media},
		{"moderation", (*ward).moderation}, {"upgrade", (*ward).upgrade}, {"sync", (*ward).sync}, {"devices", (*ward).devices},
		{"search", (*ward).search}, {"account", (*ward).account},
	} {
		t.Run(part.name, func(t *testing.T) {
			w.t = t
			part.run(w)
		})
	}
	require.Greater(t, len(s.seen), 115, "operations that were tried")
	t.Logf("%d of %d operations of the specification were checked", len(s.seen), len(s.operations))
}

func (w *ward) discovery() {
	w.call(w.ana, get, "/_matrix/client/versions", nil)
	w.call(w.ana, get, "/.well-known/matrix/client", nil)
	w.call(w.ana, get, v3+"/capabilities", nil)
	w.call(w.ana, get, v3+"/login", nil)
	w.call(w.ana, get, v3+"/account/whoami", nil)
	w.call(w.ana, get, v3+"/account/3pid", nil)
	w.call(w.ana, get, v3+"/thirdparty/protocols", nil)
	w.call(w.ana, get, v3+"/register/available?username=cy", nil)
	w.expect(w.ana, http.StatusBadRequest, get, v3+"/register/available?username=ana", nil)
}

func (w *ward) membership() {
	private := w.call(w.ana, post, v3+"/createRoom", object{"preset": "private_chat", "is_direct": true}).Get("room_id").Str
	room := v3 + "/rooms/" + url.PathEscape(private)
	who := object{"user_id": w.bo.ID, "reason": "for the round"}
	w.call(w.ana, post, room+"/invite", who)
	w.call(w.bo, get, v3+"/sync", nil)
	w.call(w.bo, post, room+"/join", object{})
	w.call(w.ana, post, room+"/kick", who)
	w.call(w.ana, post, room+"/ban", who)
	w.expect(w.bo, http.StatusForbidden, post, room+"/join", object{})
	w.call(w.ana, post, room+"/unban", who)
	w.call(w.bo, post, room+"/forget", object{})
	w.call(w.ana, post, room+"/leave", object{})
	w.call(w.bo, post, v3+"/join/"+url.PathEscape(w.roomID), object{"reason": "on duty"})
	w.call(w.ana, get, v3+"/joined_rooms", nil)
	closed := w.call(w.ana, post, v3+"/createRoom", object{"initial_state": []object{
		{"type": "m.room.join_rules", "state_key": "", "content": object{"join_rule": "knock"}}}}).Get("room_id").Str
	w.call(w.bo, post, v3+"/knock/"+url.PathEscape(closed), object{"reason": "may I?"})
	w.call(w.bo, get, v3+"/sync", nil)
}

func (w *ward) send(typ string, content object) string {
	w.t.Helper()
	return w.call(w.ana, put, fmt.Sprintf("%s/send/%s/t%d", w.room, typ, len(w.seen)*1000+int(w.next())), content).Get("event_id").Str
}

var sent int64

func (w *ward) next() int64 { sent++; return sent }

func (w *ward) say(text string) string {
	w.t.Helper()
	return w.send("m.room.message", object{"msgtype": "m.text", "body": text})
}

func (w *ward) messages() {
	first := w.say("good morning")
	w.say("bed 4 is free")
	page := w.call(w.bo, get, w.room+"/messages?dir=b&limit=3", nil)
	w.call(w.bo, get, w.room+"/messages?dir=b&from="+page.Get("end").Str+`&filter={"lazy_load_members":true}`, nil)
	w.call(w.bo, get, w.room+"/context/"+url.PathEscape(first), nil)
	w.call(w.bo, get, w.room+"/event/"+url.PathEscape(first), nil)
	w.call(w.bo, get, v1+"/rooms/"+url.PathEscape(w.roomID)+"/timestamp_to_event?ts=0&dir=f", nil)
	w.call(w.ana, put, w.room+"/redact/"+url.PathEscape(first)+"/r1", object{"reason": "wrong room"})
	w.call(w.bo, get, w.room+"/event/"+url.PathEscape(first), nil)
	w.expect(w.bo, http.StatusNotFound, get, w.room+"/event/$none", nil)
}

func (w *ward) state() {
	w.call(w.ana, put, w.room+"/state/m.room.topic/", object{"topic": "Handover"})
	w.call(w.bo, get, w.room+"/state", nil)
	w.call(w.bo, get, w.room+"/state/m.room.topic/", nil)
	w.call(w.bo, get, w.room+"/members?not_membership=leave", nil)
	w.call(w.bo, get, w.room+"/joined_members", nil)
	w.expect(w.bo, http.StatusForbidden, put, w.room+"/state/m.room.topic/", object{"topic": "mine"})
}

func (w *ward) relations() {
	root := w.say("who takes bed 7?")
	w.send("m.room.message", object{"msgtype": "m.text", "body": "me", "m.relates_to": object{"rel_type": "m.thread", "event_id": root}})
	w.send("m.reaction", object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": root, "key": "👍"}})
	w.send("m.room.message", object{"msgtype": "m.text", "body": "* bed 8", "m.new_content": object{"msgtype": "m.text", "body": "bed 8"},
		"m.relates_to": object{"rel_type": "m.replace", "event_id": root}})
	room := v1 + "/rooms/" + url.PathEscape(w.roomID)
	path := room + "/relations/" + url.PathEscape(root)
	w.call(w.bo, get, path, nil)
	w.call(w.bo, get, path+"?limit=1&recurse=true", nil)
	w.call(w.bo, get, path+"/m.thread", nil)
	w.call(w.bo, get, path+"/m.annotation/m.reaction", nil)
	w.call(w.bo, get, room+"/threads", nil)
	w.call(w.bo, get, w.room+"/event/"+url.PathEscape(root), nil)
	w.call(w.bo, get, v3+"/sync", nil)
}

func (w *ward) receipts() {
	id := url.PathEscape(w.say("read me"))
	w.call(w.bo, post, w.room+"/receipt/m.read/"+id, object{"thread_id": "main"})
	w.call(w.bo, post, w.room+"/receipt/m.read.private/"+id, object{})
	eventID, err := url.PathUnescape(id)
	require.NoError(w.t, err)
	w.call(w.bo, post, w.room+"/read_markers", object{"m.fully_read": eventID, "m.read": eventID})
	w.call(w.bo, put, w.room+"/typing/"+w.bo.ID, object{"typing": true, "timeout": 30000})
	w.call(w.bo, get, v3+"/sync", nil)
	w.call(w.bo, put, v3+"/presence/"+w.bo.ID+"/status", object{"presence": "online", "status_msg": "on call"})
	w.call(w.ana, get, v3+"/presence/"+w.bo.ID+"/status", nil)
}

func (w *ward) directory() {
	server := w.ana.Hospital.Name
	alias := v3 + "/directory/room/" + url.PathEscape("#icu:"+server)
	w.call(w.ana, put, alias, object{"room_id": w.roomID})
	w.call(w.ana, get, alias, nil)
	w.call(w.ana, get, w.room+"/aliases", nil)
	w.call(w.ana, del, alias, nil)
	w.expect(w.ana, http.StatusNotFound, get, alias, nil)
	w.call(w.ana, put, v3+"/directory/list/room/"+url.PathEscape(w.roomID), object{"visibility": "public"})
	w.call(w.ana, get, v3+"/directory/list/room/"+url.PathEscape(w.roomID), nil)
	w.call(w.ana, get, v3+"/publicRooms?limit=5", nil)
	w.call(w.ana, post, v3+"/publicRooms", object{"filter": object{"generic_search_term": "ward"}})
	w.call(w.ana, get, v1+"/room_summary/"+url.PathEscape(w.roomID), nil)
	space := w.call(w.ana, post, v3+"/createRoom", object{"creation_content": object{"type": "m.space"}}).Get("room_id").Str
	w.call(w.ana, put, v3+"/rooms/"+url.PathEscape(space)+"/state/m.space.child/"+url.PathEscape(w.roomID), object{"via": []string{server}})
	w.call(w.ana, get, v1+"/rooms/"+url.PathEscape(space)+"/hierarchy?limit=1", nil)
	w.call(w.ana, get, v1+"/rooms/"+url.PathEscape(space)+"/hierarchy", nil)
	w.call(w.ana, post, v3+"/user_directory/search", object{"search_term": "bo"})
	w.call(w.ana, get, v1+"/mutual_rooms?user_id="+url.QueryEscape(w.bo.ID), nil)
	profile := v3 + "/profile/" + w.ana.ID
	w.call(w.ana, put, profile+"/displayname", object{"displayname": "Dr Ana"})
	w.call(w.ana, put, profile+"/avatar_url", object{"avatar_url": "mxc://" + server + "/abc"})
	w.call(w.ana, put, profile+"/m.tz", object{"m.tz": "Europe/Paris"})
	w.call(w.ana, get, profile, nil)
	w.call(w.ana, get, profile+"/displayname", nil)
	w.call(w.ana, del, profile+"/m.tz", nil)
	w.expect(w.ana, http.StatusNotFound, get, profile+"/m.tz", nil)
}

func (w *ward) data() {
	user := v3 + "/user/" + w.ana.ID
	inRoom := user + "/rooms/" + url.PathEscape(w.roomID)
	w.call(w.ana, put, user+"/account_data/org.medixchange.language", object{"language": "es"})
	w.call(w.ana, get, user+"/account_data/org.medixchange.language", nil)
	w.call(w.ana, put, inRoom+"/account_data/org.example.x", object{"x": 1})
	w.call(w.ana, get, inRoom+"/account_data/org.example.x", nil)
	w.call(w.ana, put, inRoom+"/tags/m.favourite", object{"order": 0.25})
	w.call(w.ana, get, inRoom+"/tags", nil)
	w.call(w.ana, del, inRoom+"/tags/m.favourite", nil)
	filter := w.call(w.ana, post, user+"/filter", object{"room": object{"timeline": object{"limit": 5}}}).Get("filter_id").Str
	w.call(w.ana, get, user+"/filter/"+filter, nil)
	w.call(w.ana, post, user+"/openid/request_token", object{})
	w.expect(w.ana, http.StatusNotFound, get, user+"/account_data/org.example.none", nil)
}

func (w *ward) push() {
	w.call(w.ana, get, v3+"/pushrules/", nil)
	w.call(w.ana, get, v3+"/pushrules/global/", nil)
	rule := v3 + "/pushrules/global/content/bed"
	w.call(w.ana, put, rule, object{"pattern": "bed", "actions": []any{"notify", object{"set_tweak": "highlight"}}})
	w.call(w.ana, get, rule, nil)
	w.call(w.ana, put, rule+"/enabled", object{"enabled": false})
	w.call(w.ana, get, rule+"/enabled", nil)
	w.call(w.ana, put, rule+"/actions", object{"actions": []any{"notify"}})
	w.call(w.ana, get, rule+"/actions", nil)
	w.call(w.ana, del, rule, nil)
	w.call(w.ana, post, v3+"/pushers/set", object{"kind": "http", "app_id": "org.example", "pushkey": "k", "app_display_name": "App",
		"device_display_name": "Phone", "lang": "en", "data": object{"url": "https://push.example/_matrix/push/v1/notify"}})
	w.call(w.ana, get, v3+"/pushers", nil)
	w.call(w.ana, post, v3+"/pushers/set", object{"kind": nil, "app_id": "org.example", "pushkey": "k"})
}

func (w *ward) keys() {
	signatures := object{w.ana.ID: object{"ed25519:" + w.ana.DeviceID: "c2ln"}}
	w.call(w.ana, post, v3+"/keys/upload", object{
		"device_keys": object{"user_id": w.ana.ID, "device_id": w.ana.DeviceID, "algorithms": []string{"m.olm.v1.curve25519-aes-sha2"},
			"keys": object{"curve25519:" + w.ana.DeviceID: "Y3VydmU", "ed25519:" + w.ana.DeviceID: "ZWQ"}, "signatures": signatures},
		"one_time_keys": object{"signed_curve25519:AAAA": object{"key": "b25l", "signatures": signatures}},
		"fallback_keys": object{"signed_curve25519:BBBB": object{"key": "ZmFsbA", "fallback": true, "signatures": signatures}},
	})
	w.call(w.bo, post, v3+"/keys/query", object{"device_keys": object{w.ana.ID: []string{}}})
	w.call(w.bo, post, v3+"/keys/claim", object{"one_time_keys": object{w.ana.ID: object{w.ana.DeviceID: "signed_curve25519"}}})
	since := w.call(w.bo, get, v3+"/sync", nil).Get("next_batch").Str
	public := strings.Repeat("A", 43)
	w.call(w.ana, post, v3+"/keys/device_signing/upload", object{"master_key": object{"user_id": w.ana.ID, "usage": []string{"master"},
		"keys": object{"ed25519:" + public: public}}})
	w.call(w.ana, post, v3+"/keys/signatures/upload", object{w.ana.ID: object{"NONE": object{"user_id": w.ana.ID, "device_id": "NONE",
		"algorithms": []string{}, "keys": object{}, "signatures": signatures}}})
	w.call(w.bo, post, v3+"/keys/query", object{"device_keys": object{w.ana.ID: []string{}}})
	now := w.call(w.bo, get, v3+"/sync?since="+since, nil).Get("next_batch").Str
	w.call(w.bo, get, v3+"/keys/changes?from="+since+"&to="+now, nil)
	w.call(w.bo, put, v3+"/sendToDevice/m.dummy/t1", object{"messages": object{w.ana.ID: object{"*": object{"x": 1}}}})
	w.call(w.ana, get, v3+"/sync", nil)
}

func (w *ward) backup() {
	auth := object{"public_key": "a2V5", "signatures": object{}}
	versions := v3 + "/room_keys/version"
	version := w.call(w.ana, post, versions, object{"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": auth}).Get("version").Str
	w.call(w.ana, get, versions, nil)
	w.call(w.ana, get, versions+"/"+version, nil)
	w.call(w.ana, put, versions+"/"+version, object{"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": auth, "version": version})
	session := object{"first_message_index": 1, "forwarded_count": 0, "is_verified": true,
		"session_data": object{"ephemeral": "a", "ciphertext": "b", "mac": "c"}}
	room := url.PathEscape(w.roomID)
	keys := v3 + "/room_keys/keys"
	for _, level := range []struct {
		path string
		body object
	}{
		{keys + "/" + room + "/s1", session},
		{keys + "/" + room, object{"sessions": object{"s2": session}}},
		{keys, object{"rooms": object{w.roomID: object{"sessions": object{"s3": session}}}}},
	} {
		w.call(w.ana, put, level.path+"?version="+version, level.body)
		w.call(w.ana, get, level.path+"?version="+version, nil)
	}
	for _, path := range []string{keys + "/" + room + "/s1", keys + "/" + room, keys} {
		w.call(w.ana, del, path+"?version="+version, nil)
	}
	w.call(w.ana, post, versions, object{"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": auth})
	w.expect(w.ana, http.StatusForbidden, put, keys+"/"+room+"/s1?version="+version, session)
	w.call(w.ana, del, versions+"/"+version, nil)
}

func (w *ward) media() {
	w.call(w.ana, get, v1+"/media/config", nil)
	w.call(w.ana, post, "/_matrix/media/v1/create", nil)
	w.call(w.ana, post, "/_matrix/media/v3/upload?filename=note.json", object{"note": "any bytes"})
}

func (w *ward) moderation() {
	id := url.PathEscape(w.say("report me"))
	w.call(w.bo, post, w.room+"/report/"+id, object{"reason": "a test"})
	w.call(w.bo, post, w.room+"/report", object{"reason": "a test"})
	w.call(w.bo, post, v3+"/users/"+w.ana.ID+"/report", object{"reason": "a test"})
	w.call(w.ana, get, v3+"/admin/whois/"+w.bo.ID, nil)
	suspend, lock := v1+"/admin/suspend/"+w.bo.ID, v1+"/admin/lock/"+w.bo.ID
	w.expect(w.bo, http.StatusForbidden, get, suspend, nil)
	w.call(w.ana, get, suspend, nil)
	w.call(w.ana, put, suspend, object{"suspended": true})
	w.suspended()
	w.call(w.ana, put, suspend, object{"suspended": false})
	w.call(w.ana, get, lock, nil)
	w.call(w.ana, put, lock, object{"locked": true})
	status, answer := w.bo.Do(get, v3+"/account/whoami", nil)
	require.Equal(w.t, http.StatusUnauthorized, status)
	require.Equal(w.t, "M_USER_LOCKED true", answer.Get("errcode").Str+" "+answer.Get("soft_logout").Raw)
	other := w.ana.Login()
	w.call(w.ana, put, lock, object{"locked": false})
	w.call(other, post, v3+"/logout", object{})
	w.call(w.bo, get, v3+"/account/whoami", nil)
}

// suspended checks what a suspended user may do and what not.
func (w *ward) suspended() {
	own := w.eventOf(w.bo)
	for _, refused := range []struct{ method, path string }{
		{put, w.room + "/send/m.room.message/s1"}, {put, w.room + "/state/m.room.topic/"}, {post, v3 + "/createRoom"},
		{post, w.room + "/invite"}, {post, v3 + "/join/" + url.PathEscape(w.roomID)}, {post, v3 + "/knock/" + url.PathEscape(w.roomID)},
		{put, v3 + "/profile/" + w.bo.ID + "/displayname"}, {put, w.room + "/redact/" + url.PathEscape(w.eventOf(w.ana)) + "/s2"},
	} {
		status, answer := w.bo.Do(refused.method, refused.path, object{"user_id": w.ana.ID, "displayname": "x"})
		require.Equal(w.t, http.StatusForbidden, status, refused.path)
		require.Equal(w.t, "M_USER_SUSPENDED", answer.Get("errcode").Str, refused.path)
	}
	w.call(w.bo, get, w.room+"/messages?dir=b", nil)
	w.call(w.bo, put, w.room+"/redact/"+url.PathEscape(own)+"/s3", object{})
}

// eventOf returns the id of a user's newest event in the room.
func (w *ward) eventOf(u *testhospital.User) string {
	page := w.call(w.ana, get, w.room+"/messages?dir=b&limit=100", nil)
	id := ""
	page.Get("chunk").ForEach(func(_, ev gjson.Result) bool {
		if ev.Get("sender").Str == u.ID {
			id = ev.Get("event_id").Str
		}
		return id == ""
	})
	require.NotEmpty(w.t, id)
	return id
}

func (w *ward) upgrade() {
	old := w.call(w.ana, post, v3+"/createRoom", object{"room_version": "11"}).Get("room_id").Str
	w.call(w.ana, post, v3+"/rooms/"+url.PathEscape(old)+"/upgrade", object{"new_version": "12"})
}

func (w *ward) search() {
	w.say("oxygen for bed four")
	w.say("oxygen again")
	want := object{"search_term": "oxygen", "order_by": "recent", "filter": object{"limit": 1}, "include_state": true,
		"event_context": object{"include_profile": true}, "groupings": object{"group_by": []object{{"key": "room_id"}, {"key": "sender"}}}}
	found := w.call(w.ana, post, v3+"/search", object{"search_categories": object{"room_events": want}}).Get("search_categories.room_events")
	require.Len(w.t, found.Get("results").Array(), 1)
	w.call(w.ana, post, v3+"/search?next_batch="+found.Get("next_batch").Str, object{"search_categories": object{"room_events": want}})
	w.call(w.ana, post, v3+"/search", object{"search_categories": object{}})
}

func (w *ward) sync() {
	since := w.call(w.bo, get, v3+"/sync?full_state=true", nil).Get("next_batch").Str
	w.say("news")
	w.call(w.bo, get, v3+"/sync?timeout=1000&since="+since, nil)
	w.call(w.bo, get, v3+"/sync?use_state_after=true", nil)
}

// confirmed adds the password that some requests ask for once more.
func confirmed(u *testhospital.User, name string, body object) object {
	body["auth"] = object{"type": "m.login.password", "password": "pw-" + name, "identifier": object{"type": "m.id.user", "user": u.ID}}
	return body
}

func (w *ward) devices() {
	other, third := w.bo.Login(), w.bo.Login()
	w.call(w.bo, get, v3+"/devices", nil)
	w.call(w.bo, put, v3+"/devices/"+other.DeviceID, object{"display_name": "Ward tablet"})
	w.call(w.bo, get, v3+"/devices/"+other.DeviceID, nil)
	w.expect(w.bo, http.StatusUnauthorized, del, v3+"/devices/"+other.DeviceID, object{})
	w.call(w.bo, del, v3+"/devices/"+other.DeviceID, confirmed(w.bo, "bo", object{}))
	w.call(w.bo, post, v3+"/delete_devices", confirmed(w.bo, "bo", object{"devices": []string{third.DeviceID}}))
	w.expect(w.bo, http.StatusNotFound, get, v3+"/devices/"+other.DeviceID, nil)
}

func (w *ward) account() {
	nobody := w.bo.Login()
	nobody.Token = ""
	w.expect(nobody, http.StatusUnauthorized, post, v3+"/register", object{"username": "cy", "password": "pw-cy"})
	w.call(nobody, post, v3+"/register", object{"username": "cy", "password": "pw-cy", "auth": object{"type": "m.login.dummy"}})
	session := w.call(nobody, post, v3+"/login", object{"type": "m.login.password", "password": "pw-cy", "refresh_token": true,
		"identifier": object{"type": "m.id.user", "user": "cy"}})
	w.call(nobody, post, v3+"/refresh", object{"refresh_token": session.Get("refresh_token").Str})
	w.expect(nobody, http.StatusForbidden, post, v3+"/login", object{"type": "m.login.password", "password": "wrong",
		"identifier": object{"type": "m.id.user", "user": "cy"}})
	token := w.call(w.bo, post, v1+"/login/get_token", confirmed(w.bo, "bo", object{})).Get("login_token").Str
	w.call(nobody, post, v3+"/login", object{"type": "m.login.token", "token": token})
	w.call(nobody, get, v1+"/register/m.login.registration_token/validity?token=none", nil)
	w.call(w.bo, post, v3+"/account/password", confirmed(w.bo, "bo", object{"new_password": "pw-new", "logout_devices": false}))
	w.call(w.bo, post, v3+"/account/deactivate", confirmed(w.bo, "new", object{"erase": false}))
	w.call(w.ana, post, v3+"/logout/all", object{})
}
