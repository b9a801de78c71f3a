package resolve

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ed25519"
)

// the users of the table: alice made the room, mod has 50, bob 0 and is joined; gone has left, banned is banned, guest is
// invited, carol of another server is not there.
func tableRoom(t *testing.T, version string) (*world, *fork) {
	w := newWorld(version)
	f := w.found(t, w.levels(map[string]int{"@alice:a": 100, "@mod:a": 50}), "public")
	for _, u := range []string{"@mod:a", "@bob:b", "@gone:a", "@banned:a"} {
		w.must(t, f, typeMember, ptr(u), u, content{"membership": "join"})
	}
	w.must(t, f, typeMember, ptr("@gone:a"), "@gone:a", content{"membership": "leave"})
	w.must(t, f, typeMember, ptr("@banned:a"), "@alice:a", content{"membership": "ban"})
	w.must(t, f, typeMember, ptr("@guest:a"), "@alice:a", content{"membership": "invite"})
	return w, f
}

func ruleOf(err error) string {
	var denied *Denied
	if errors.As(err, &denied) {
		return denied.Rule
	}
	return ""
}

func member(m string) content { return content{"membership": m} }

func via(user string) content {
	return content{"membership": "join", "join_authorised_via_users_server": user}
}

func TestRulesByVersion(t *testing.T) {
	all := "1 2 3 4 5 6 7 8 9 10 11 12"
	raw := func(s string) content {
		var c content
		require.NoError(t, json.Unmarshal([]byte(s), &c))
		return c
	}
	tests := []struct {
		name     string
		versions string // in which the answer is rule
		joinRule string // set before, "" for public
		typ      string
		key      *string
		sender   string
		content  content
		rule     string // "" if allowed
		others   string // rule in the other versions; "-" to skip them
	}{
		{"message", all, "", "m.room.message", nil, "@bob:b", content{}, "", ""},
		{"message of someone who left", all, "", "m.room.message", nil, "@gone:a", content{}, "sender.membership", ""},
		{"state below state_default", all, "", "m.room.topic", ptr(""), "@bob:b", content{}, "level", ""},
		{"state at state_default", all, "", "m.room.topic", ptr(""), "@mod:a", content{}, "", ""},
		{"state key of another user", all, "", "m.odd", ptr("@bob:b"), "@alice:a", content{}, "state_key", ""},
		{"own state key", all, "", "m.odd", ptr("@mod:a"), "@mod:a", content{}, "", ""},
		{"aliases of the own server", "1 2 3 4 5", "", typeAliases, ptr("b"), "@nobody:b", content{}, "", "sender.membership"},
		{"aliases of another server", "1 2 3 4 5", "", typeAliases, ptr("a"), "@bob:b", content{}, "aliases.domain", "level"},

		{"join public", all, "", typeMember, ptr("@new:c"), "@new:c", member("join"), "", ""},
		{"join after ban", all, "", typeMember, ptr("@banned:a"), "@banned:a", member("join"), "member.join.banned", ""},
		{"join for another", all, "", typeMember, ptr("@new:c"), "@bob:b", member("join"), "member.join.other", ""},
		{"join invite-only", all, "invite", typeMember, ptr("@new:c"), "@new:c", member("join"), "member.join.rule", ""},
		{"join invited", all, "invite", typeMember, ptr("@guest:a"), "@guest:a", member("join"), "", ""},
		{"join knock room, invited", "7 8 9 10 11 12", "knock", typeMember, ptr("@guest:a"), "@guest:a", member("join"), "", "member.join.rule"},
		{"join under unknown rule, joined", all, "private", typeMember, ptr("@bob:b"), "@bob:b", member("join"), "member.join.rule", ""},
		{"join restricted", "8 9 10 11 12", "restricted", typeMember, ptr("@new:c"), "@new:c", via("@bob:b"), "", "member.join.rule"},
		{"join restricted without a voucher", "8 9 10 11 12", "restricted", typeMember, ptr("@new:c"), "@new:c", member("join"), "member.join.restricted", "member.join.rule"},
		{"join restricted, voucher not there", "8 9 10 11 12", "restricted", typeMember, ptr("@new:c"), "@new:c", via("@gone:a"), "member.join.restricted", "member.join.rule"},
		{"join restricted, invited", "8 9 10 11 12", "restricted", typeMember, ptr("@guest:a"), "@guest:a", member("join"), "", "member.join.rule"},
		{"join knock_restricted", "10 11 12", "knock_restricted", typeMember, ptr("@new:c"), "@new:c", via("@bob:b"), "", "member.join.rule"},

		{"knock", "7 8 9 10 11 12", "knock", typeMember, ptr("@new:c"), "@new:c", member("knock"), "", "member.unknown"},
		{"knock at knock_restricted", "10 11 12", "knock_restricted", typeMember, ptr("@new:c"), "@new:c", member("knock"), "", "-"},
		{"knock at public", "7 8 9 10 11 12", "", typeMember, ptr("@new:c"), "@new:c", member("knock"), "member.knock.rule", "member.unknown"},
		{"knock for another", "7 8 9 10 11 12", "knock", typeMember, ptr("@new:c"), "@bob:b", member("knock"), "member.knock.other", "member.unknown"},
		{"knock when invited", "7 8 9 10 11 12", "knock", typeMember, ptr("@guest:a"), "@guest:a", member("knock"), "member.knock.membership", "member.unknown"},

		{"invite", all, "", typeMember, ptr("@new:c"), "@bob:b", member("invite"), "", ""},
		{"invite a member", all, "", typeMember, ptr("@bob:b"), "@alice:a", member("invite"), "member.invite.target", ""},
		{"invite a banned user", all, "", typeMember, ptr("@banned:a"), "@alice:a", member("invite"), "member.invite.target", ""},
		{"invite from outside", all, "", typeMember, ptr("@new:c"), "@gone:a", member("invite"), "member.invite.sender", ""},
		{"leave", all, "", typeMember, ptr("@bob:b"), "@bob:b", member("leave"), "", ""},
		{"leave twice", all, "", typeMember, ptr("@gone:a"), "@gone:a", member("leave"), "member.leave", ""},
		{"leave after ban", all, "", typeMember, ptr("@banned:a"), "@banned:a", member("leave"), "member.leave", ""},
		{"kick", all, "", typeMember, ptr("@bob:b"), "@mod:a", member("leave"), "", ""},
		{"kick without level", all, "", typeMember, ptr("@mod:a"), "@bob:b", member("leave"), "member.kick.level", ""},
		{"kick upwards", all, "", typeMember, ptr("@alice:a"), "@mod:a", member("leave"), "member.kick.target", ""},
		{"unban", all, "", typeMember, ptr("@banned:a"), "@mod:a", member("leave"), "", ""},
		{"unban without level", all, "", typeMember, ptr("@banned:a"), "@bob:b", member("leave"), "member.unban.level", ""},
		{"ban", all, "", typeMember, ptr("@bob:b"), "@mod:a", member("ban"), "", ""},
		{"ban an equal", all, "", typeMember, ptr("@mod:a"), "@mod:a", member("ban"), "member.ban.target", ""},
		{"ban without level", all, "", typeMember, ptr("@guest:a"), "@bob:b", member("ban"), "member.ban.level", ""},
		{"no membership", all, "", typeMember, ptr("@bob:b"), "@bob:b", content{}, "member.unknown", ""},
		{"membership of another case", all, "", typeMember, ptr("@bob:b"), "@bob:b", raw(`{"Membership":"join"}`), "member.unknown", ""},
		{"no state key", all, "", typeMember, nil, "@bob:b", member("join"), "member.state_key", ""},

		{"levels as strings", "1 2 3 4 5 6 7 8 9", "", typePowerLevels, ptr(""), "@alice:a", raw(`{"users":{"@alice:a":" +0100 "},"ban":"50"}`), "", "-"},
		{"a level as a string", "10 11 12", "", typePowerLevels, ptr(""), "@alice:a", raw(`{"ban":"50"}`), "power_levels.ban", "-"},
		{"a user level as a string", "10 11 12", "", typePowerLevels, ptr(""), "@alice:a", raw(`{"users":{"@x:a":"50"}}`), "power_levels.users", "-"},
		{"a fraction", "10 11 12", "", typePowerLevels, ptr(""), "@alice:a", raw(`{"kick":50.5}`), "power_levels.kick", "-"},
		{"a string that is no number", all, "", typePowerLevels, ptr(""), "@alice:a", raw(`{"users":{"@x:a":"much"}}`), "power_levels.users", ""},
		{"users not an object", all, "", typePowerLevels, ptr(""), "@alice:a", raw(`{"users":[]}`), "power_levels.users", ""},
		{"null", all, "", typePowerLevels, ptr(""), "@alice:a", raw(`{"invite":null}`), "power_levels.invite", ""},
		{"users that are none", all, "", typePowerLevels, ptr(""), "@alice:a", raw(`{"users":{"bob":5}}`), "power_levels.users", ""},
		{"naming a creator", "12", "", typePowerLevels, ptr(""), "@alice:a", raw(`{"users":{"@alice:a":100}}`), "power_levels.creators", ""},
		{"taking the level of somebody above", "1 2 3 4 5 6 7 8 9 10 11", "", typePowerLevels, ptr(""), "@mod:a", raw(`{"users":{"@bob:b":50,"@mod:a":50}}`), "power_levels.users", "-"},
		{"raising above the own level", "1 2 3 4 5 6 7 8 9 10 11", "", typePowerLevels, ptr(""), "@mod:a", raw(`{"users":{"@alice:a":100,"@bob:b":51,"@mod:a":50}}`), "power_levels.users", "-"},
		{"users_default above the own level", all, "", typePowerLevels, ptr(""), "@mod:a", content{"users_default": 60}, "power_levels.users_default", ""},
		{"notifications above the own level", "6 7 8 9 10 11", "", typePowerLevels, ptr(""), "@mod:a", raw(`{"users":{"@alice:a":100,"@mod:a":50},"notifications":{"room":99}}`), "power_levels.notifications", "-"},
		{"notifications before version 6", "1 2 3 4 5", "", typePowerLevels, ptr(""), "@mod:a", raw(`{"users":{"@alice:a":100,"@mod:a":50},"notifications":{"room":99}}`), "", "-"},
		{"third party invitation", all, "", typeThirdParty, ptr("tok"), "@bob:b", content{}, "", ""},
		{"redaction of another server's event", "1 2", "", typeRedaction, nil, "@bob:b", content{}, "redaction", ""},
	}
	for _, tt := range tests {
		for version := range byVersion {
			w, f := tableRoom(t, version)
			want := tt.rule
			if !strings.Contains(" "+tt.versions+" ", " "+version+" ") {
				want = tt.others
			}
			if want == "-" {
				continue
			}
			if tt.joinRule != "" {
				w.must(t, f, typeJoinRules, ptr(""), "@alice:a", content{"join_rule": tt.joinRule})
			}
			_, err := w.send(f, tt.typ, tt.key, tt.sender, tt.content, func(pdu map[string]any) {
				if tt.typ == typeRedaction {
					pdu["redacts"] = "$x:a"
				}
			})
			require.Equal(t, want, ruleOf(err), "%s in version %s: %v", tt.name, version, err)
		}
	}
}

func TestCreate(t *testing.T) {
	tests := []struct {
		name, version, json, rule string
	}{
		{"good", "10", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:x","content":{"creator":"@a:x","room_version":"10"}}`, ""},
		{"no creator", "10", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:x","content":{}}`, "create.creator"},
		{"no creator needed", "11", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:x","content":{}}`, ""},
		{"other server", "11", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:y","content":{}}`, "create.room_id"},
		{"has prev", "11", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:x","prev_events":["$p"],"content":{}}`, "create.prev_events"},
		{"unknown version", "11", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:x","content":{"room_version":"77"}}`, "create.room_version"},
		{"version not a string", "11", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:x","content":{"room_version":11}}`, "create.room_version"},
		{"room id in 12", "12", `{"type":"m.room.create","state_key":"","sender":"@a:x","room_id":"!r:x","content":{}}`, "create.room_id"},
		{"good 12", "12", `{"type":"m.room.create","state_key":"","sender":"@a:x","content":{"additional_creators":["@b:y"]}}`, ""},
		{"creators not a list", "12", `{"type":"m.room.create","state_key":"","sender":"@a:x","content":{"additional_creators":"@b:y"}}`, "create.additional_creators"},
		{"creators not users", "12", `{"type":"m.room.create","state_key":"","sender":"@a:x","content":{"additional_creators":["@b:y","b"]}}`, "create.additional_creators"},
	}
	for _, tt := range tests {
		e, err := ParseEvent("$e", []byte(tt.json))
		require.NoError(t, err)
		require.Equal(t, tt.rule, ruleOf(Check(tt.version, e, StateEvents{})), tt.name)
	}
}

func TestCreatorsAreAboveAllInVersion12(t *testing.T) {
	w := newWorld("12")
	f := &fork{state: StateEvents{}}
	w.must(t, f, typeCreate, ptr(""), "@alice:a", content{"additional_creators": []string{"@bob:b"}})
	w.must(t, f, typeMember, ptr("@alice:a"), "@alice:a", member("join"))
	w.must(t, f, typeJoinRules, ptr(""), "@alice:a", content{"join_rule": "public"})
	w.must(t, f, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
	w.must(t, f, typePowerLevels, ptr(""), "@bob:b", content{"users": map[string]int{"@carol:c": 1 << 52}, "events": map[string]int{typePowerLevels: 1 << 53}})
	w.must(t, f, typeMember, ptr("@carol:c"), "@carol:c", member("join"))
	_, err := w.send(f, typeMember, ptr("@bob:b"), "@carol:c", member("leave"))
	require.Equal(t, "member.kick.target", ruleOf(err))
	_, err = w.send(f, typeMember, ptr("@bob:b"), "@alice:a", member("ban"))
	require.Equal(t, "member.ban.target", ruleOf(err), "creators cannot remove each other")
	w.must(t, f, typeMember, ptr("@carol:c"), "@bob:b", member("ban"))
	w.must(t, f, typePowerLevels, ptr(""), "@bob:b", content{})
	for _, room := range []string{"", "!other", "!x:a"} {
		e := w.make(*f, "m.room.message", nil, "@bob:b", content{}, func(pdu map[string]any) { pdu["room_id"] = room })
		require.Equal(t, "room_id", ruleOf(Check("12", e, f.state)))
	}
}

func TestFederateAndFirstJoin(t *testing.T) {
	w := newWorld("10")
	f := &fork{state: StateEvents{}}
	w.must(t, f, typeCreate, ptr(""), "@alice:a", content{"creator": "@alice:a", "m.federate": false})
	_, err := w.send(f, typeMember, ptr("@eve:b"), "@eve:b", member("join"))
	require.Equal(t, "federate", ruleOf(err))
	_, err = w.send(f, typeMember, ptr("@dan:a"), "@dan:a", member("join"))
	require.Equal(t, "member.join.rule", ruleOf(err), "only the creator joins first")
	w.must(t, f, typeMember, ptr("@alice:a"), "@alice:a", member("join"))
	w.must(t, f, typePowerLevels, ptr(""), "@alice:a", content{"users": map[string]int{"@alice:a": 9000}})
}

func TestRedactionInVersions1And2(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		w, f := tableRoom(t, version)
		redacts := func(id string) func(map[string]any) { return func(pdu map[string]any) { pdu["redacts"] = id } }
		w.must(t, f, typeRedaction, nil, "@bob:b", content{}, redacts("$mine:b"))
		w.must(t, f, typeRedaction, nil, "@mod:a", content{}, redacts("$x:b"))
		_, err := w.send(f, typeRedaction, nil, "@bob:b", content{}, redacts(""))
		require.Equal(t, "redaction", ruleOf(err))
	}
}

func TestAuthEvents(t *testing.T) {
	for _, version := range []string{"1", "6", "11", "12"} {
		w, f := tableRoom(t, version)
		e := w.make(*f, "m.room.message", nil, "@bob:b", content{})
		var good []*Event
		for _, nid := range e.Auth {
			good = append(good, w.events[nid])
		}
		check := func(auth ...*Event) string { return ruleOf(CheckAuthEvents(version, e, auth)) }
		require.Empty(t, check(good...))
		require.Equal(t, "auth_events.duplicate", check(append(good, good[len(good)-1])...))
		require.Equal(t, "auth_events.extraneous", check(append(good, f.state[StateKey{typeJoinRules, ""}])...))
		require.Equal(t, "auth_events.extraneous", check(append(good, e)...))
		if version == "12" {
			require.Equal(t, "auth_events.extraneous", check(append(good, w.create)...))
		} else {
			require.Equal(t, "auth_events.create", check(good[1:]...))
		}
		other, err := ParseEvent("$other", []byte(`{"type":"m.room.power_levels","state_key":"","sender":"@a:a","room_id":"!other:a"}`))
		require.NoError(t, err)
		require.Equal(t, "auth_events.room", check(other))
		refused, err := ParseEvent("$refused", f.state[StateKey{typePowerLevels, ""}].JSON)
		require.NoError(t, err)
		refused.Rejected = true
		require.Equal(t, "auth_events.rejected", check(refused))
	}
}

func TestNeededAuth(t *testing.T) {
	tests := []struct {
		name, version, typ string
		key                *string
		content            string
		want               []StateKey
	}{
		{"create", "11", typeCreate, ptr(""), `{}`, nil},
		{"message", "11", "m.room.message", nil, `{}`, []StateKey{{typeCreate, ""}, {typePowerLevels, ""}, {typeMember, "@s:a"}}},
		{"message 12", "12", "m.room.message", nil, `{}`, []StateKey{{typePowerLevels, ""}, {typeMember, "@s:a"}}},
		{"join", "12", typeMember, ptr("@s:a"), `{"membership":"join"}`, []StateKey{{typePowerLevels, ""}, {typeMember, "@s:a"}, {typeJoinRules, ""}}},
		{"knock", "12", typeMember, ptr("@s:a"), `{"membership":"knock"}`, []StateKey{{typePowerLevels, ""}, {typeMember, "@s:a"}, {typeJoinRules, ""}}},
		{"ban", "12", typeMember, ptr("@t:a"), `{"membership":"ban"}`, []StateKey{{typePowerLevels, ""}, {typeMember, "@s:a"}, {typeMember, "@t:a"}}},
		{"restricted", "8", typeMember, ptr("@s:a"), `{"membership":"join","join_authorised_via_users_server":"@v:a"}`, []StateKey{{typeCreate, ""}, {typePowerLevels, ""}, {typeMember, "@s:a"}, {typeJoinRules, ""}, {typeMember, "@v:a"}}},
		{"not yet restricted", "7", typeMember, ptr("@s:a"), `{"membership":"join","join_authorised_via_users_server":"@v:a"}`, []StateKey{{typeCreate, ""}, {typePowerLevels, ""}, {typeMember, "@s:a"}, {typeJoinRules, ""}}},
		{"third party", "12", typeMember, ptr("@t:a"), `{"membership":"invite","third_party_invite":{"signed":{"mxid":"@t:a","token":"tok"}}}`, []StateKey{{typePowerLevels, ""}, {typeMember, "@s:a"}, {typeMember, "@t:a"}, {typeJoinRules, ""}, {typeThirdParty, "tok"}}},
		{"broken content", "12", typeMember, ptr("@t:a"), `[`, []StateKey{{typePowerLevels, ""}, {typeMember, "@s:a"}, {typeMember, "@t:a"}}},
	}
	for _, tt := range tests {
		got, err := NeededAuth(tt.version, tt.typ, tt.key, "@s:a", []byte(tt.content))
		require.NoError(t, err)
		require.Equal(t, tt.want, got, tt.name)
	}
	_, err := NeededAuth("13", "m.room.message", nil, "@s:a", nil)
	require.ErrorIs(t, err, ErrUnknownVersion)
}

func TestThirdPartyInvite(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	strange, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signed, err := gomatrixserverlib.SignJSON("id.example", "ed25519:1", private, []byte(`{"mxid":"@new:c","token":"tok","more":1}`))
	require.NoError(t, err)
	invite := content{"membership": "invite", "third_party_invite": content{"display_name": "N", "signed": json.RawMessage(signed)}}
	const rule = "member.third_party_invite"
	tests := []struct {
		name   string
		sender string
		target string
		keys   content
		invite content
		rule   string
	}{
		{"single key", "@mod:a", "@new:c", content{"public_key": b64(public)}, invite, ""},
		{"list of keys", "@mod:a", "@new:c", content{"public_key": b64(strange), "public_keys": []content{{"public_key": b64(public)}}}, invite, ""},
		{"other sender", "@alice:a", "@new:c", content{"public_key": b64(public)}, invite, rule},
		{"other target", "@mod:a", "@other:c", content{"public_key": b64(public)}, invite, rule},
		{"other key", "@mod:a", "@new:c", content{"public_key": b64(strange)}, invite, rule},
		{"broken key", "@mod:a", "@new:c", content{"public_key": "AA"}, invite, rule},
		{"not signed", "@mod:a", "@new:c", content{"public_key": b64(public)}, content{"membership": "invite", "third_party_invite": nil}, rule},
		{"no token", "@mod:a", "@new:c", content{"public_key": b64(public)}, content{"membership": "invite", "third_party_invite": content{"signed": content{"mxid": "@new:c"}}}, rule},
		{"unknown token", "@mod:a", "@new:c", content{"public_key": b64(public)}, content{"membership": "invite", "third_party_invite": content{"signed": content{"mxid": "@new:c", "token": "x"}}}, rule},
	}
	for _, tt := range tests {
		w, f := tableRoom(t, "11")
		w.must(t, f, typeThirdParty, ptr("tok"), "@mod:a", tt.keys)
		_, err := w.send(f, typeMember, ptr(tt.target), tt.sender, tt.invite)
		require.Equal(t, tt.rule, ruleOf(err), "%s: %v", tt.name, err)
	}
	w, f := tableRoom(t, "11")
	w.must(t, f, typeThirdParty, ptr("tok"), "@mod:a", content{"public_key": b64(public)})
	w.must(t, f, typeMember, ptr("@new:c"), "@alice:a", member("ban"))
	_, err = w.send(f, typeMember, ptr("@new:c"), "@mod:a", invite)
	require.Equal(t, rule, ruleOf(err), "a banned user stays banned")
}

func b64(key ed25519.PublicKey) string { return base64.RawStdEncoding.EncodeToString(key) }

// FuzzCheck gives the rules arbitrary contents for the event and for the state that it is checked against.
func FuzzCheck(f *testing.F) {
	f.Add(uint8(12), typeMember, "@a:x", `{"membership":"join"}`, `{"creator":"@a:x"}`, `{"users":{"@a:x":100}}`, `{"join_rule":"public"}`)
	f.Add(uint8(9), typePowerLevels, "", `{"users":{"@a:x":"1e400"}}`, `{"m.federate":0}`, `{"users":{"@a:x":1e999}}`, `{"join_rule":{}}`)
	f.Add(uint8(8), typeMember, "@b:x", `{"membership":"invite","third_party_invite":{"signed":{"mxid":"@b:x","token":"t","signatures":{"a":{"ed25519:1":7}}}}}`, `{}`, `{"invite":[]}`, `{"public_keys":[{"public_key":"AAAA"},3,null]}`)
	f.Add(uint8(1), typeCreate, "", `{"additional_creators":{"a":1},"room_version":{}}`, `[`, `null`, `"`)
	f.Fuzz(func(t *testing.T, v uint8, typ, key, body, create, power, rules string) {
		version := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}[v%12]
		at := func(typ, key, body string) *Event {
			return &Event{ID: "$e:x", RoomID: "!e:x", Type: typ, StateKey: &key, Sender: "@a:x", Content: []byte(body)}
		}
		event := at(typ, key, body)
		state := Of(at(typeCreate, "", create), at(typePowerLevels, "", power), at(typeJoinRules, "", rules),
			at(typeMember, "@a:x", `{"membership":"join"}`), at(typeMember, key, body), at(typeThirdParty, "t", rules))
		_ = Check(version, event, state)
		_ = CheckAuthEvents(version, event, []*Event{at(typ, key, body)})
		_ = event.AuthorisedVia()
		if _, err := NeededAuth(version, typ, &key, "@a:x", []byte(body)); err != nil {
			t.Fatal(err)
		}
		if e, err := ParseEvent("$e", []byte(body)); err == nil {
			_ = Check(version, e, state)
		}
	})
}
