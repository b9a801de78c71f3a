package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// TestEveryRoomVersionAcrossHospitals makes a room of each version, joins it from the other hospital by invite and by
// public join, talks both ways, redacts, bans, and upgrades it to the newest.
func TestEveryRoomVersionAcrossHospitals(t *testing.T) {
	both := testhospital.Alliance(t, 2)
	north, south := both[0], both[1]
	ana, li, bo := north.User("ana"), south.User("li"), south.User("bo")
	versions := ana.Must(http.MethodGet, "/_matrix/client/v3/capabilities", nil).Get(`capabilities.m\.room_versions.available`).Map()
	require.Len(t, versions, 12)
	for number := 1; number <= 12; number++ {
		version := strconv.Itoa(number)
		t.Run(version, func(t *testing.T) {
			require.Equal(t, "stable", versions[version].Str)
			room := ana.CreateRoom(testhospital.Room{Preset: "public_chat", Version: version, Invite: []string{li.ID}})
			li.WaitForInvite(room)
			li.Join(room, north.Name)
			bo.Join(room, north.Name)
			said := li.Say(room, "from the south")
			require.Equal(t, "from the south", ana.WaitFor(room, said).Get("content.body").Str)
			answered := ana.Say(room, "from the north")
			require.Equal(t, "from the north", bo.WaitFor(room, answered).Get("content.body").Str)

			path := "/_matrix/client/v3/rooms/" + url.PathEscape(room)
			redaction := ana.Must(http.MethodPut, path+"/redact/"+url.PathEscape(said)+"/r"+version, map[string]any{}).Get("event_id").Str
			li.WaitFor(room, redaction)
			shown := li.Must(http.MethodGet, path+"/event/"+url.PathEscape(said), nil)
			require.False(t, shown.Get("content.body").Exists(), shown.Raw)
			require.Equal(t, redaction, shown.Get("unsigned.redacted_because.event_id").Str)

			ana.Must(http.MethodPost, path+"/ban", map[string]any{"user_id": bo.ID})
			bo.WaitUntil("the ban", func(sync gjson.Result) bool { return sync.Get("rooms.leave").Get(gjsonKey(room)).Exists() })
			status, _ := bo.Do(http.MethodPut, path+"/send/m.room.message/b"+version, map[string]any{"body": "no"})
			require.Equal(t, http.StatusForbidden, status)

			replacement := ana.Must(http.MethodPost, path+"/upgrade", map[string]any{"new_version": "12"}).Get("replacement_room").Str
			li.WaitUntil("the tombstone", func(sync gjson.Result) bool {
				for _, ev := range testhospital.Timeline(sync, room) {
					if ev.Get("type").Str == "m.room.tombstone" {
						return ev.Get("content.replacement_room").Str == replacement
					}
				}
				return false
			})
			li.Join(replacement, north.Name)
			li.WaitFor(replacement, ana.Say(replacement, "here we go on"))
		})
	}
}

func gjsonKey(key string) string {
	out := ""
	for _, c := range key {
		if c == '.' || c == '!' || c == ':' || c == '*' || c == '?' {
			out += `\`
		}
		out += string(c)
	}
	return out
}

// TestNumbersAreAsStrictAsTheRoomVersion sends floats and large integers, which rooms up to version 5 allow.
func TestNumbersAreAsStrictAsTheRoomVersion(t *testing.T) {
	both := testhospital.Alliance(t, 2)
	north, south := both[0], both[1]
	ana, li := north.User("ana"), south.User("li")
	for _, version := range []string{"1", "5", "6", "12"} {
		strict := version == "6" || version == "12"
		room := ana.CreateRoom(testhospital.Room{Preset: "public_chat", Version: version})
		li.Join(room, north.Name)
		for i, number := range []string{"1.5", "1e3", "9007199254740993", "-0"} {
			path := fmt.Sprintf("/_matrix/client/v3/rooms/%s/send/m.room.message/n%d", url.PathEscape(room), i)
			status, answer := raw(t, ana, http.MethodPut, path, `{"msgtype":"m.text","body":"x","n":`+number+`}`)
			if strict {
				require.Equal(t, http.StatusBadRequest, status, "%s in version %s", number, version)
				require.Equal(t, "M_BAD_JSON", answer.Get("errcode").Str)
				continue
			}
			require.Equal(t, http.StatusOK, status, "%s in version %s: %s", number, version, answer.Raw)
			got := li.WaitFor(room, answer.Get("event_id").Str)
			require.Equal(t, "x", got.Get("content.body").Str, "the other hospital takes it, so that the rooms do not part")
		}
	}
}
