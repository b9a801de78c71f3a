package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/accounts/uia"
)

func actions(words ...string) []json.RawMessage {
	out := []json.RawMessage{}
	for _, w := range words {
		out = append(out, json.RawMessage(`"`+w+`"`))
	}
	return out
}

func TestAccountData(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	for _, c := range []struct {
		name, room, typ, content string
		want                     error
	}{
		{"global", "", "org.x", `{"a":1}`, nil},
		{"room", "!r:x", "org.x", `{"a":2}`, nil},
		{"no room id", "r", "org.x", `{}`, ErrInvalidParam},
		{"read marker", "!r:x", typeFullyRead, `{}`, ErrServerControlled},
		{"push rules", "", typePushRules, `{}`, ErrServerControlled},
		{"array", "", "org.x", `[]`, ErrBadJSON},
		{"nothing", "", "org.x", ``, ErrBadJSON},
		{"too large", "", "org.x", `{"a":"` + strings.Repeat("a", maxAccountData) + `"}`, ErrTooLarge},
		{"no type", "", "", `{}`, ErrInvalidParam},
		{"no text", "", "org\x00x", `{}`, ErrInvalidParam},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := n.SetAccountData(ctx, ana, c.room, c.typ, json.RawMessage(c.content))
			require.ErrorIs(t, errorOr(err), errorOr(c.want))
			if c.want == nil {
				got, err := n.AccountData(ctx, ana, c.room, c.typ)
				require.NoError(t, err)
				require.JSONEq(t, c.content, string(got))
			}
		})
	}
}

func TestAccountDataSinceIsTheSameFromRingAndDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		require.NoError(t, n.SetAccountData(ctx, ana, "", "org.before", []byte(`{}`)))
		since := n.hub.Position()
		require.NoError(t, n.SetAccountData(ctx, ana, "", "org.x", []byte(`{"n":1}`)))
		require.NoError(t, n.SetAccountData(ctx, ana, "", "org.x", []byte(`{"n":2}`)))
		require.NoError(t, n.SetTag(ctx, ana, "!r:x", "m.favourite", []byte(`{"order":0.5}`)))
		require.NoError(t, n.SetTag(ctx, ana, "!r:x", "u.ward", []byte(`{}`)))
		require.NoError(t, n.DeleteTag(ctx, ana, "!r:x", "u.ward"))
		require.NoError(t, n.SetFullyRead(ctx, ana, "!r:x", "$e"))
		read := func() map[string]string {
			data, err := n.AccountDataSince(ctx, ana, since, n.hub.Position())
			require.NoError(t, err)
			out := map[string]string{}
			for _, d := range data {
				out[d.RoomID+" "+d.Type] = string(d.Content)
			}
			return out
		}
		want := map[string]string{" org.x": `{"n":2}`, "!r:x m.tag": `{"tags":{"m.favourite":{"order":0.5}}}`, "!r:x m.fully_read": `{"event_id":"$e"}`}
		require.Equal(t, want, read())
		n.restart()
		require.Equal(t, want, read())
		tags, err := n.Tags(ctx, ana, "!other:x")
		require.NoError(t, err)
		require.JSONEq(t, `{"tags":{}}`, string(tags))
	})
}

func TestFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		id, err := n.SaveFilter(ctx, ana, []byte(`{"room":{"timeline":{"limit":10}}}`))
		require.NoError(t, err)
		again, err := n.SaveFilter(ctx, ana, []byte(` {"room": {"timeline": {"limit": 10}}} `))
		require.NoError(t, err)
		require.Equal(t, id, again)
		filter, err := n.Filter(ctx, ana, id)
		require.NoError(t, err)
		require.JSONEq(t, `{"room":{"timeline":{"limit":10}}}`, string(filter))
		_, err = n.Filter(ctx, "@bo:a.example", id)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = n.SaveFilter(ctx, ana, []byte(`7`))
		require.ErrorIs(t, err, ErrBadJSON)
	})
}

func TestLanguages(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, bo, cy, di := n.user("ana"), n.user("bo"), n.user("cy"), n.user("di")
		n.town.square("!ward:x").join(t, ana, bo, cy, di, "@li:b.example")
		language := func(user string) string {
			lang, mode, err := n.RoomLanguage(ctx, user, "!ward:x")
			require.NoError(t, err)
			return lang + " " + mode
		}
		require.Equal(t, "en in_place", language(ana), "the hospital's")
		require.NoError(t, n.SetAccountData(ctx, ana, "", typeLanguage, []byte(`{"language":"zh"}`)))
		require.Equal(t, "zh in_place", language(ana))
		require.NoError(t, n.SetAccountData(ctx, ana, "!ward:x", typeLanguage, []byte(`{"language":"es"}`)))
		require.Equal(t, "es in_place", language(ana))
		require.NoError(t, n.SetAccountData(ctx, bo, "", typeLanguage, []byte(`{"language":"es","mode":"off"}`)))
		readers, err := n.LanguagesInRoom(ctx, "!ward:x")
		require.NoError(t, err)
		require.Equal(t, map[string][]RoomReader{"es": {{UserID: ana, Mode: "in_place"}}, "en": {{UserID: cy, Mode: "in_place"}, {UserID: di, Mode: "in_place"}}}, readers)
		n.restart()
		again, err := n.LanguagesInRoom(ctx, "!ward:x")
		require.NoError(t, err)
		require.Equal(t, readers, again)
		viewer, err := n.Viewer(ctx, ana, "PHONE")
		require.NoError(t, err)
		require.Equal(t, "zh", viewer.Language)
		require.Nil(t, viewer.Ignored)
	})
}

func TestProfileFields(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		for _, c := range []struct {
			name, field, value string
			want               error
		}{
			{"name", "displayname", `"Dr Ana"`, nil},
			{"avatar", "avatar_url", `"mxc://a.example/x"`, nil},
			{"time zone", "m.tz", `"Europe/Paris"`, nil},
			{"own field", "org.medixchange.specialty", `{"en":"Cardiology"}`, nil},
			{"null is kept", "org.medixchange.none", `null`, nil},
			{"avatar too long", "avatar_url", `"mxc://a.example/` + strings.Repeat("x", 1000) + `"`, ErrInvalidParam},
			{"name no text", "displayname", `7`, ErrBadJSON},
			{"name too long", "displayname", `"` + strings.Repeat("ä", 257) + `"`, ErrInvalidParam},
			{"no namespace", "specialty", `1`, ErrInvalidParam},
			{"capitals", "org.Medix", `1`, ErrInvalidParam},
			{"key too long", "org." + strings.Repeat("a", 252), `1`, ErrKeyTooLarge},
			{"too large", "org.medixchange.big", `"` + strings.Repeat("a", maxProfile-100) + `"`, ErrProfileTooLarge},
		} {
			t.Run(c.name, func(t *testing.T) {
				err := n.SetProfileField(ctx, ana, c.field, json.RawMessage(c.value))
				require.ErrorIs(t, errorOr(err), errorOr(c.want))
				if c.want == nil {
					got, err := n.ProfileField(ctx, ana, c.field)
					require.NoError(t, err)
					require.JSONEq(t, c.value, string(got))
				}
			})
		}
		require.NoError(t, n.SetProfileField(ctx, ana, "avatar_url", json.RawMessage(`""`)))
		_, err := n.ProfileField(ctx, ana, "avatar_url")
		require.ErrorIs(t, err, ErrNotFound)
		require.NoError(t, n.DeleteProfileField(ctx, ana, "m.tz"))
		require.NoError(t, n.DeleteProfileField(ctx, ana, "m.tz"))
		require.ErrorIs(t, n.SetProfileField(ctx, "@nobody:a.example", "m.tz", json.RawMessage(`"x"`)), ErrNotFound)
	})
}

func TestProfilesReachRoomsAlsoAfterARestart(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	told := func() string {
		n.town.mu.Lock()
		defer n.town.mu.Unlock()
		if all := n.town.profiles[ana]; len(all) > 0 {
			return all[len(all)-1].DisplayName
		}
		return ""
	}
	require.NoError(t, n.SetProfileField(ctx, ana, "displayname", json.RawMessage(`"Dr Ana"`)))
	require.Eventually(t, func() bool { return told() == "Dr Ana" }, 30*time.Second, 5*time.Millisecond)

	n.town.mu.Lock()
	n.town.failing = errors.New("the room is busy")
	n.town.mu.Unlock()
	require.NoError(t, n.SetProfileField(ctx, ana, "displayname", json.RawMessage(`"Dr Ana B"`)))
	n.stop()
	n.town.failing = nil
	n.start()
	require.Eventually(t, func() bool { return told() == "Dr Ana B" }, 30*time.Second, 5*time.Millisecond)
	require.Eventually(t, func() bool {
		queued, err := n.queuedProfileUpdates(ctx)
		return err == nil && len(queued) == 0
	}, 30*time.Second, 5*time.Millisecond)
}

func TestRemoteProfilesAreKeptBriefly(t *testing.T) {
	n := newNode(t)
	li := "@li:b.example"
	n.remote.profiles[li] = map[string]json.RawMessage{"displayname": json.RawMessage(`"Li"`)}
	for range 3 {
		value, err := n.ProfileField(ctx, li, "displayname")
		require.NoError(t, err)
		require.Equal(t, `"Li"`, string(value))
		_, err = n.Profile(ctx, "@nobody:b.example")
		require.ErrorIs(t, err, ErrNotFound)
	}
	require.Equal(t, 2, n.remote.count("profile"))
	n.clock.advance(remoteProfileLife + time.Second)
	_, err := n.Profile(ctx, li)
	require.NoError(t, err)
	require.Equal(t, 3, n.remote.count("profile"))
}

func TestPushers(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, bo := n.user("ana"), n.user("bo")
		n.device(ana, "PHONE")
		p := Pusher{PushKey: "key", AppID: "app", Kind: "http", AppDisplayName: "App", DeviceDisplayName: "Phone", Lang: "en",
			Data: json.RawMessage(`{"url":"https://push.example/_matrix/push/v1/notify"}`)}
		require.NoError(t, n.SetPusher(ctx, &Device{UserID: ana, DeviceID: "PHONE"}, p, false))
		bad := p
		bad.Data = json.RawMessage(`{"url":"https://push.example/else"}`)
		require.ErrorIs(t, n.SetPusher(ctx, &Device{UserID: ana}, bad, false), ErrInvalidParam)
		bad.Lang = ""
		require.ErrorIs(t, n.SetPusher(ctx, &Device{UserID: ana}, bad, false), ErrMissingParam)
		number := func(user string) int {
			pushers, err := n.Pushers(ctx, user)
			require.NoError(t, err)
			return len(pushers)
		}
		require.NoError(t, n.SetPusher(ctx, &Device{UserID: bo}, p, true))
		require.Equal(t, 1, number(ana))
		require.NoError(t, n.SetPusher(ctx, &Device{UserID: bo}, p, false))
		require.Equal(t, 0, number(ana), "someone else has logged in on that phone")
		require.NoError(t, n.DeletePusher(ctx, bo, "app", "key"))
		require.Equal(t, 0, number(bo))
		require.NoError(t, n.SetPusher(ctx, &Device{UserID: ana, DeviceID: "PHONE"}, p, false))
		require.NoError(t, n.DeleteDevices(ctx, ana, []string{"PHONE"}))
		require.Equal(t, 0, number(ana))
	})
}

func TestKeyBackup(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		_, err := n.Backup(ctx, ana, "")
		require.ErrorIs(t, err, ErrNotFound)
		first, err := n.CreateBackup(ctx, ana, "m.megolm_backup.v1", []byte(`{"public_key":"x"}`))
		require.NoError(t, err)
		session := func(index, forwarded int64, verified bool) BackupSessions {
			return BackupSessions{"!r:x": {"s1": {index, forwarded, verified, json.RawMessage(fmt.Sprintf(`{"i":%d}`, index))}}}
		}
		etags := map[string]bool{}
		for _, c := range []struct {
			name     string
			keys     BackupSessions
			replaced bool
		}{
			{"new", session(5, 2, false), true},
			{"later", session(6, 0, false), false},
			{"earlier", session(4, 9, false), true},
			{"forwarded less", session(4, 8, false), true},
			{"the same", session(4, 8, false), false},
			{"verified", session(9, 9, true), true},
			{"not verified", session(0, 0, false), false},
		} {
			etag, count, err := n.PutBackupKeys(ctx, ana, first, c.keys)
			require.NoError(t, err, c.name)
			require.EqualValues(t, 1, count)
			require.Equal(t, c.replaced, !etags[etag], c.name)
			etags[etag] = true
		}
		keys, err := n.BackupKeys(ctx, ana, first, "!r:x", "s1")
		require.NoError(t, err)
		require.EqualValues(t, 9, keys["!r:x"]["s1"].FirstMessageIndex)
		_, err = n.BackupKeys(ctx, ana, first, "!r:x", "none")
		require.ErrorIs(t, err, ErrNotFound)
		require.ErrorIs(t, n.UpdateBackup(ctx, ana, first, "", "other", []byte(`{}`)), ErrInvalidParam)
		require.ErrorIs(t, n.UpdateBackup(ctx, ana, first, "77", "m.megolm_backup.v1", []byte(`{}`)), ErrInvalidParam)
		require.NoError(t, n.UpdateBackup(ctx, ana, first, first, "m.megolm_backup.v1", []byte(`{"public_key":"y"}`)))

		second, err := n.CreateBackup(ctx, ana, "m.megolm_backup.v1", []byte(`{}`))
		require.NoError(t, err)
		_, _, err = n.PutBackupKeys(ctx, ana, first, session(0, 0, true))
		var wrong *Error
		require.ErrorAs(t, err, &wrong)
		require.ErrorIs(t, err, ErrWrongKeysVersion)
		require.Equal(t, second, wrong.Extra["current_version"])
		require.NoError(t, n.DeleteBackup(ctx, ana, second))
		require.NoError(t, n.DeleteBackup(ctx, ana, second), "twice is no error")
		require.ErrorIs(t, n.DeleteBackup(ctx, ana, "99"), ErrNotFound)
		current, err := n.Backup(ctx, ana, "")
		require.NoError(t, err)
		require.Equal(t, first, current.Version)
		_, count, err := n.DeleteBackupKeys(ctx, ana, first, "", "")
		require.NoError(t, err)
		require.Zero(t, count)
		third, err := n.CreateBackup(ctx, ana, "m.megolm_backup.v1", []byte(`{}`))
		require.NoError(t, err)
		require.NotEqual(t, second, third, "versions are not used again")
	})
}

func TestSearchUsers(t *testing.T) {
	n := newNode(t)
	ana, bo := n.user("ana"), n.user("bo")
	n.user("boris")
	n.town.square("!ward").join(t, ana, bo, "@bo:b.example")
	search := func(term string, limit int) []string {
		found, _, err := n.SearchUsers(ctx, ana, term, limit)
		require.NoError(t, err)
		ids := []string{}
		for _, u := range found {
			ids = append(ids, u.UserID)
		}
		return sorted(ids)
	}
	require.NoError(t, n.SetProfileField(ctx, bo, "displayname", json.RawMessage(`"Dr Bo Global"`)))
	require.Equal(t, []string{bo, "@bo:b.example"}, search("DR BO", 0), "boris shares no room")
	require.Equal(t, []string{bo}, search("global", 0), "users of this node by their profile, not by their name in a room")
	require.Len(t, search("bo", 1), 1)
	require.Equal(t, []string{"@boris:a.example"}, search("@boris:a.example", 0), "whose id was typed")
	require.Empty(t, search("ana", 0), "not oneself")
	require.Empty(t, search(" ", 0))
	shared, err := n.MutualRooms(ctx, ana, bo)
	require.NoError(t, err)
	require.Equal(t, []string{"!ward"}, shared)
}

func TestPresence(t *testing.T) {
	off, on := newNode(t), newNode(t, func(o *Options) { o.Presence = true })
	for _, n := range []*node{off, on} {
		ana, bo := n.user("ana"), n.user("bo")
		n.town.square("!ward").join(t, ana, bo)
		require.NoError(t, n.SetPresence(ctx, ana, "online", "on duty"))
		require.ErrorIs(t, n.SetPresence(ctx, ana, "dancing", ""), ErrInvalidParam)
		state, err := n.Presence(ctx, bo, ana)
		require.NoError(t, err)
		require.Equal(t, n == on, state.Presence == "online")
		_, err = n.Presence(ctx, n.user("cy"), ana)
		require.ErrorIs(t, err, ErrForbidden)
	}
}

func TestPresenceNews(t *testing.T) {
	n := newNode(t, func(o *Options) { o.Presence = true })
	ana, bo, cy := n.user("ana"), n.user("bo"), n.user("cy")
	ward := n.town.square("!ward").join(t, ana, bo)
	n.town.square("!lab").join(t, bo, cy)
	news := func(viewer string, since int64, seen, newcomers []string) []string {
		found, err := n.PresenceNews(ctx, viewer, since, seen, newcomers)
		require.NoError(t, err)
		return sorted(slices.Collect(maps.Keys(found)))
	}
	require.NoError(t, n.SyncPresence(ctx, bo, "online"))
	require.NoError(t, n.SyncPresence(ctx, cy, "unavailable"))
	require.Equal(t, []string{bo}, news(ana, 0, nil, nil), "cy shares no room with ana")
	require.Equal(t, []string{cy}, news(bo, 0, nil, nil), "not oneself")
	now := n.hub.EphemeralPosition()
	require.Empty(t, news(ana, now, nil, nil))
	require.NoError(t, n.SyncPresence(ctx, bo, "online"))
	require.Equal(t, now, n.hub.EphemeralPosition(), "no change wakes nobody")
	require.NoError(t, n.SyncPresence(ctx, bo, "offline"), "set_presence=offline leaves it as it is")
	require.Equal(t, now, n.hub.EphemeralPosition())
	require.Equal(t, []string{bo}, news(ana, now, []string{"!ward"}, nil), "a room newly seen")
	require.Empty(t, news(ana, now, nil, []string{cy}), "who is gone again")
	ward.join(t, cy)
	require.Equal(t, []string{cy}, news(ana, now, nil, []string{cy}), "who came in")
	n.clock.advance(presenceLife / 2)
	require.NoError(t, n.SyncPresence(ctx, cy, "unavailable"))
	n.clock.advance(presenceLife * 3 / 4)
	require.Equal(t, []string{bo}, n.silentUsers(), "cy was heard of since")
}

func TestPasswordConfirmation(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	n.user("bo")
	body := func(auth string) uia.Request {
		return uia.Request{Body: json.RawMessage(`{"devices":["X"],"auth":` + auth + `}`), Operation: "POST /delete_devices", UserID: ana}
	}
	_, err := n.Require(ctx, body("null"), []uia.Flow{{uia.Password}})
	var challenge *uia.Challenge
	require.ErrorAs(t, err, &challenge)
	auth := func(user, password string) string {
		return fmt.Sprintf(`{"type":"m.login.password","session":%q,"identifier":{"type":"m.id.user","user":%q},"password":%q}`, challenge.Session, user, password)
	}
	_, err = n.Require(ctx, body(auth("ana", "wrong")), []uia.Flow{{uia.Password}})
	var again *uia.Challenge
	require.ErrorAs(t, err, &again)
	require.Equal(t, "M_FORBIDDEN", again.Refusal.Code)
	require.Equal(t, challenge.Session, again.Session)
	_, err = n.Require(ctx, body(auth("bo", "correct horse")), []uia.Flow{{uia.Password}})
	require.ErrorIs(t, err, ErrForbidden, "somebody else's password is of no use")
	result, err := n.Require(ctx, body(auth("ana", "correct horse")), []uia.Flow{{uia.Password}})
	require.NoError(t, err)
	require.JSONEq(t, `{"devices":["X"]}`, string(result.Body))
	_, err = n.Require(ctx, uia.Request{Body: json.RawMessage(`[]`)}, []uia.Flow{{uia.Password}})
	require.ErrorIs(t, err, ErrBadJSON)
}

func TestRegistrationFlows(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want []uia.Flow
		err  error
	}{
		{"closed", Options{}, nil, ErrRegistrationClosed},
		{"open", Options{OpenRegistration: true}, []uia.Flow{{uia.Dummy}}, nil},
		{"token", Options{TokenRegistration: true}, []uia.Flow{{uia.RegistrationToken}}, nil},
		{"token and terms", Options{TokenRegistration: true, Terms: json.RawMessage(`{}`)}, []uia.Flow{{uia.RegistrationToken, uia.Terms}}, nil},
		{"open with terms", Options{OpenRegistration: true, Terms: json.RawMessage(`{}`)}, []uia.Flow{{uia.Terms}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			flows, err := (&Accounts{o: c.o}).RegistrationFlows()
			require.ErrorIs(t, errorOr(err), errorOr(c.err))
			require.Equal(t, c.want, flows)
		})
	}
}

func TestAChoiceOfLanguageThatNobodyCouldFollowIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		n.Accounts.o.CheckLanguage = func(tag string) error {
			if tag != "es" && tag != "zh-Hant" {
				return fmt.Errorf("nothing is translated into %q here", tag)
			}
			return nil
		}
		ana := n.user("ana")
		for _, c := range []struct {
			content string
			want    error
		}{
			{`{"language":"es","mode":"in_place"}`, nil},
			{`{"language":"zh-Hant"}`, nil},
			{`{"mode":"original_first"}`, nil},
			{`{"mode":"thread"}`, nil},
			{`{"mode":"off"}`, nil},
			{`{}`, nil},
			{`{"language":null,"mode":null,"org.example.more":[1]}`, nil},
			{`{"language":7}`, ErrBadJSON},
			{`{"language":["es"]}`, ErrBadJSON},
			{`{"mode":true}`, ErrBadJSON},
			{`{"mode":"inline"}`, ErrInvalidParam},
			{`{"mode":""}`, ErrInvalidParam},
			{`{"language":"tlh"}`, ErrInvalidParam},
			{`{"language":""}`, ErrInvalidParam},
			{`{"language":"` + strings.Repeat("e", 36) + `"}`, ErrInvalidParam},
		} {
			for _, room := range []string{"", "!ward:x"} {
				err := n.SetAccountData(ctx, ana, room, typeLanguage, []byte(c.content))
				if c.want == nil {
					require.NoError(t, err, c.content)
					continue
				}
				require.ErrorIs(t, err, c.want, c.content)
				var said *Error
				require.ErrorAs(t, err, &said)
				require.Contains(t, said.Message, " ", "a sentence")
			}
		}
		require.ErrorIs(t, n.SetProfileField(ctx, ana, typeLanguage, []byte(`{"language":"es"}`)), ErrBadJSON)
		require.ErrorIs(t, n.SetProfileField(ctx, ana, typeLanguage, []byte(`"tlh"`)), ErrInvalidParam)
	})
}

func TestAChoiceHoldsFieldByFieldFromTheRoomToTheHospital(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		n.town.square("!ward:x").join(t, ana)
		reads := func(want string) {
			t.Helper()
			lang, mode, err := n.RoomLanguage(ctx, ana, "!ward:x")
			require.NoError(t, err)
			require.Equal(t, want, lang+" "+mode)
		}
		reads("en in_place")
		require.NoError(t, n.SetProfileField(ctx, ana, typeLanguage, []byte(`"fr"`)))
		reads("fr in_place")
		require.NoError(t, n.SetAccountData(ctx, ana, "", typeLanguage, []byte(`{"mode":"original_first"}`)))
		reads("fr original_first")
		require.NoError(t, n.SetAccountData(ctx, ana, "", typeLanguage, []byte(`{"language":"zh","mode":"original_first"}`)))
		reads("zh original_first")
		require.NoError(t, n.SetAccountData(ctx, ana, "!ward:x", typeLanguage, []byte(`{"mode":"thread"}`)))
		reads("zh thread")
		require.NoError(t, n.SetAccountData(ctx, ana, "!ward:x", typeLanguage, []byte(`{"language":"es"}`)))
		reads("es original_first")
		n.restart()
		reads("es original_first")
		require.NoError(t, n.SetAccountData(ctx, ana, "!ward:x", typeLanguage, []byte(`{}`)))
		require.NoError(t, n.SetAccountData(ctx, ana, "", typeLanguage, []byte(`{}`)))
		reads("fr in_place")
		require.NoError(t, n.DeleteProfileField(ctx, ana, typeLanguage))
		reads("en in_place")
	})
}
