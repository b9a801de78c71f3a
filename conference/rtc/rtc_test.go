package rtc

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/conference/sfu"
	"medixchange/rooms"
)

// The hashes were computed with another program: sha256 of the JSON array, unpadded base64.
func TestNamesAreThoseThatClientsCompute(t *testing.T) {
	require.Equal(t, "+yFjl8vxEnmOKw6javQ/9sFyccbehTBDjr9STFBB6JY", Identity("@alice:a.example", "xyz"))
	require.Equal(t, "QqrQ+we8EYmUILve6V0n5Z0YZhkqE7QQlI4WkQhpOMc", deviceIdentity("@alice:a.example", "DEV", "xyz"))
	require.Equal(t, "QL+eh6hhFJcV5Tw7qdvmZkAba3FYyMHjo8QfZdeXXUs", SFURoom("!r:a.example", "m.call#ROOM"))
	require.Equal(t, "o3SzW0P4D2vS2Tu+J94OCPdb+mBQde3Ubub4+0QqTnQ", Identity(`@a"<&>:a.example`, "x\\y"))
	require.Equal(t, "@alice:a.example:DEV", plainIdentity("@alice:a.example", "DEV"))
}

// Deployed clients write where a member publishes in the forms of several drafts.
func TestWhereAMemberPublishesIsReadInEachForm(t *testing.T) {
	const list = `[{"type":"livekit","livekit_service_url":"https://a.example/livekit/jwt"}]`
	for form, content := range map[string]string{
		"MSC3401":                      `{"device_id":"DEV","membershipID":"id","foci_preferred":` + list + `}`,
		"MSC4143 of 2025":              `{"member":{"id":"id","claimed_device_id":"DEV"},"rtc_transports":` + list + `}`,
		"MSC4143 of 2026":              `{"member":{"id":"id","device_id":"DEV"},"transports":{"published":` + list + `,"can_subscribe":["livekit"]}}`,
		"MSC4195, with the SFU itself": `{"member":{"id":"id","device_id":"DEV"},"transports":[{"type":"m.livekit","url":"wss://a.example/livekit/sfu"}]}`,
	} {
		got := membershipOf(&rooms.Event{Sender: "@u:a.example", JSON: []byte(`{"content":` + content + `}`)})
		require.Equal(t, membership{userID: "@u:a.example", deviceID: "DEV", memberID: "id", slotID: DefaultSlot, url: "wss://a.example/livekit/sfu"}, got, form)
	}
}

func TestServerOfAUser(t *testing.T) {
	for id, want := range map[string]string{"@a:b": "b", "@a:b:8448": "b:8448", "a:b": "", "@ab": "", "": ""} {
		require.Equal(t, want, serverOf(id), id)
	}
}

func TestPolicies(t *testing.T) {
	showing := []picture{{"second", "@b:here", 20}, {"first", "@a:there", 10}, {"same", "@c:here", 20}}
	slices.SortFunc(showing, earlier)
	users := map[string]string{"first": "@a:there", "second": "@b:here", "same": "@c:here"}
	for content, want := range map[string]map[string][]string{
		`{}`:                                 {"first": nil, "new": nil},
		`{"audio_only":true}`:                {"first": soundOnly, "new": soundOnly},
		`{"max_video":1}`:                    {"first": nil, "same": soundOnly, "second": soundOnly, "quiet": soundOnly, "new": soundOnly},
		`{"max_video":2}`:                    {"first": nil, "same": nil, "second": soundOnly},
		`{"max_video":4}`:                    {"first": nil, "second": nil, "quiet": nil},
		`{"max_video":0}`:                    {"first": soundOnly},
		`{"max_video":-1,"audio_only":"no"}`: {"first": nil},
		`{"max_video":"1"}`:                  {"second": nil},
		`[]`:                                 {"first": nil},
	} {
		policy := parsePolicy(gjson.Parse(content))
		for identity, sources := range want {
			require.Equal(t, sources, policy.sourcesFor(picture{Identity: identity, UserID: users[identity]}, showing), "%s of %s", content, identity)
		}
	}
	locked := parsePolicy(gjson.Parse(`{"locked":true,"admitted":["@a:b",7]}`))
	require.True(t, locked.Locked && locked.admits("@a:b") && !locked.admits("@c:d"))
}

func TestWhoShowsPicturesIsInTheOrderOfPublishing(t *testing.T) {
	r := &RTC{members: newRegistry(nil)}
	c := call{"!r:a", DefaultSlot, "s"}
	track := func(kind string, published int64) sfu.Track { return sfu.Track{Kind: kind, PublishedTS: published} }
	for _, identity := range []string{"late", "early", "screen", "quiet", "unknown to it when"} {
		r.members.put(Member{SFURoom: "s", Identity: identity, RoomID: "!r:a", UserID: "@" + identity + ":a"})
	}
	list := r.ownPictures(c, []sfu.Participant{
		{Identity: "late", JoinedTS: 1000, Tracks: []sfu.Track{track("audio", 1000), track("video", 9000)}},
		{Identity: "nobody", JoinedTS: 1000, Tracks: []sfu.Track{track("video", 1000)}},
		{Identity: "early", JoinedTS: 3000, Tracks: []sfu.Track{track("video", 4000), track("video", 9500)}},
		{Identity: "quiet", JoinedTS: 2000, Tracks: []sfu.Track{track("audio", 2000)}},
		{Identity: "screen", JoinedTS: 2000, Tracks: []sfu.Track{track("video", 8000), track("video", 5000)}},
		{Identity: "unknown to it when", JoinedTS: 6000, Tracks: []sfu.Track{track("video", 0)}},
	})
	require.Equal(t, []picture{
		{"early", "@early:a", 4000}, {"screen", "@screen:a", 5000}, {"unknown to it when", "@unknown to it when:a", 6000}, {"late", "@late:a", 9000},
	}, list)
}

func TestTheRegistryIsBoundedForEachUser(t *testing.T) {
	g := newRegistry(nil)
	for i := range maxPerUser {
		g.put(Member{SFURoom: "s", Identity: string(rune('a' + i)), RoomID: "!r", UserID: "@a:b"})
	}
	require.True(t, g.full("@a:b"))
	require.False(t, g.full("@c:b"))
	g.remove(place{"s", "a"})
	require.False(t, g.full("@a:b"))
	require.Len(t, g.room("!r"), maxPerUser-1)
	for _, m := range g.room("") {
		g.remove(m.place())
	}
	require.True(t, g.empty())
	require.Empty(t, g.byRoom)
}

func FuzzTokenRequest(f *testing.F) {
	f.Add([]byte(`{"url":"wss://a","room_id":"!r","slot_id":"s","member_id":"m"}`))
	f.Add([]byte(`{"url":"wss://a","room_id":"!r","slot_id":"s","member":{"id":"m","claimed_device_id":"D"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var q tokenRequest
		if decode(body, &q) != nil || q.check() != nil {
			return
		}
		if m := q.member("@a:b", "D"); m.SFURoom == "" || len(m.Identity) != 43 {
			t.Fatalf("a member without a name: %+v", m)
		}
	})
}
