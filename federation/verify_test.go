package federation

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/matrix-org/gomatrixserverlib/spec"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/signing"
	"medixchange/rooms"
)

// signedPDU makes an event of the room version, signed by signers.
func signedPDU(t testing.TB, version string, fields map[string]any, signers ...*signing.Signer) []byte {
	t.Helper()
	raw, err := json.Marshal(fields)
	require.NoError(t, err)
	canonical, err := signing.CanonicalJSON(raw, signing.Limits{})
	require.NoError(t, err)
	for _, s := range signers {
		redacted, err := rooms.Redact(version, canonical)
		require.NoError(t, err)
		signed, err := s.SignJSON(redacted)
		require.NoError(t, err)
		fields["signatures"] = json.RawMessage(gjson.GetBytes(signed, "signatures").Raw)
		raw, err = json.Marshal(fields)
		require.NoError(t, err)
		canonical, err = signing.CanonicalJSON(raw, signing.Limits{})
		require.NoError(t, err)
	}
	return canonical
}

func TestVerifyPDUs(t *testing.T) {
	a := newAuthority(t)
	alpha, beta, gamma := newEndpoint(t, a), newEndpoint(t, a), newEndpoint(t, a)
	now := time.Now().UnixMilli()
	event := func(more map[string]any) map[string]any {
		fields := map[string]any{"type": "m.room.message", "sender": beta.user("b"), "room_id": "!r:x", "origin_server_ts": now,
			"content": map[string]any{"body": "hi"}, "depth": 1, "prev_events": []any{}, "auth_events": []any{}, "hashes": map[string]any{"sha256": "abc"}}
		for k, v := range more {
			fields[k] = v
		}
		return fields
	}
	member := func(membership string, more map[string]any) map[string]any {
		content := map[string]any{"membership": membership}
		for k, v := range more {
			content[k] = v
		}
		return event(map[string]any{"type": "m.room.member", "state_key": beta.user("b"), "content": content})
	}
	dead := &signing.Signer{ServerName: "127.0.0.1:1", Key: newKey(t)}
	third := member("invite", map[string]any{"third_party_invite": map[string]any{"signed": map[string]any{"mxid": "@x:y", "token": "t"}}})
	restricted := map[string]any{"join_authorised_via_users_server": gamma.user("c")}
	for name, tc := range map[string]struct {
		version string
		pdu     []byte
		want    error
	}{
		"good":                        {"11", signedPDU(t, "11", event(nil), beta.signer), nil},
		"good, unsigned added":        {"11", withField(signedPDU(t, "11", event(nil), beta.signer), "unsigned", `{"age":1}`), nil},
		"good, id added":              {"11", withField(signedPDU(t, "11", event(nil), beta.signer), "event_id", `"$x"`), nil},
		"content is not covered":      {"11", withField(signedPDU(t, "11", event(nil), beta.signer), "content", `{"body":"changed"}`), nil},
		"type changed":                {"11", withField(signedPDU(t, "11", event(nil), beta.signer), "type", `"m.other"`), signing.ErrSignature},
		"not signed":                  {"11", signedPDU(t, "11", event(nil)), signing.ErrSignature},
		"signed by another":           {"11", signedPDU(t, "11", event(nil), gamma.signer), signing.ErrSignature},
		"own event":                   {"11", signedPDU(t, "11", event(map[string]any{"sender": alpha.user("a")}), alpha.signer), nil},
		"version 1, id's server":      {"1", signedPDU(t, "1", event(map[string]any{"event_id": "$x:" + gamma.name}), beta.signer, gamma.signer), nil},
		"version 1, id not signed":    {"1", signedPDU(t, "1", event(map[string]any{"event_id": "$x:" + gamma.name}), beta.signer), signing.ErrSignature},
		"third-party invite":          {"11", signedPDU(t, "11", third, gamma.signer), nil},
		"restricted":                  {"9", signedPDU(t, "9", member("join", restricted), beta.signer, gamma.signer), nil},
		"restricted, half signed":     {"9", signedPDU(t, "9", member("join", restricted), beta.signer), signing.ErrSignature},
		"restricted before there was": {"7", signedPDU(t, "7", member("join", restricted), beta.signer), nil},
		"from the future":             {"11", signedPDU(t, "11", event(map[string]any{"origin_server_ts": now + 30*24*3600_000}), beta.signer), signing.ErrSignature},
		"from the future, lenient":    {"4", signedPDU(t, "4", event(map[string]any{"origin_server_ts": now + 30*24*3600_000}), beta.signer), nil},
		"keys unreachable":            {"11", signedPDU(t, "11", event(map[string]any{"sender": "@d:" + dead.ServerName}), dead), rooms.ErrKeysUnreachable},
		"no sender":                   {"11", []byte(`{"type":"x"}`), rooms.ErrBadEvent},
		"no JSON":                     {"11", []byte(`{`), rooms.ErrBadEvent},
		"unknown version":             {"99", signedPDU(t, "11", event(nil), beta.signer), rooms.ErrUnsupportedRoom},
	} {
		err := alpha.client.VerifyPDUs(t.Context(), tc.version, [][]byte{tc.pdu})[0]
		if tc.want == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, tc.want, name)
		}
	}
	many := [][]byte{}
	for i := range 40 {
		many = append(many, signedPDU(t, "11", event(map[string]any{"depth": i}), beta.signer))
	}
	many[7] = withField(many[7], "depth", "1000")
	for i, err := range alpha.client.VerifyPDUs(t.Context(), "11", many) {
		require.Equal(t, i == 7, err != nil, i)
	}
}

func withField(pdu []byte, name, raw string) []byte {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(pdu, &fields); err != nil {
		panic(err)
	}
	fields[name] = json.RawMessage(raw)
	out, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return out
}

// TestVerifyPDUsAgreesWithTheLibrary compares the servers whose signatures are wanted, and what they cover.
func TestVerifyPDUsAgreesWithTheLibrary(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	for version := 1; version <= 11; version++ {
		v := fmt.Sprint(version)
		for _, typ := range []string{"m.room.message", "m.room.power_levels", "m.room.join_rules", "m.room.create", "m.room.aliases"} {
			fields := map[string]any{"type": typ, "sender": beta.user("b"), "room_id": "!r:x", "origin_server_ts": time.Now().UnixMilli(),
				"content": map[string]any{"join_rule": "public", "allow": []any{}, "users": map[string]any{}, "invite": 1, "aliases": []any{}, "creator": "x", "body": "y"},
				"depth":   1, "prev_events": []any{}, "auth_events": []any{}, "hashes": map[string]any{"sha256": "abc"}, "origin": "o", "membership": "join"}
			if typ != "m.room.message" {
				fields["state_key"] = ""
			}
			if version <= 2 {
				fields["event_id"] = "$x:" + beta.name
			}
			pdu := signedPDU(t, v, fields, beta.signer)
			require.NoError(t, alpha.client.VerifyPDUs(t.Context(), v, [][]byte{pdu})[0])
			impl, err := gomatrixserverlib.GetRoomVersion(gomatrixserverlib.RoomVersion(v))
			require.NoError(t, err)
			ev, err := impl.NewEventFromTrustedJSON(pdu, false)
			require.NoError(t, err)
			err = gomatrixserverlib.VerifyEventSignatures(t.Context(), ev, oneKey{beta.signer},
				func(_ spec.RoomID, sender spec.SenderID) (*spec.UserID, error) {
					return spec.NewUserID(string(sender), true)
				})
			require.NoError(t, err, "version %s, %s", v, typ)
		}
	}
}

// oneKey verifies for the library with one server's key.
type oneKey struct{ signer *signing.Signer }

func (o oneKey) VerifyJSONs(_ context.Context, requests []gomatrixserverlib.VerifyJSONRequest) ([]gomatrixserverlib.VerifyJSONResult, error) {
	results := make([]gomatrixserverlib.VerifyJSONResult, len(requests))
	for i, r := range requests {
		results[i].Error = gomatrixserverlib.VerifyJSON(string(r.ServerName), o.signer.LibraryKeyID(), ed25519.PublicKey(o.signer.Key.Public()), r.Message)
	}
	return results, nil
}

func BenchmarkVerifyPDUs(b *testing.B) {
	a := newAuthority(b)
	alpha, beta := newEndpoint(b, a), newEndpoint(b, a)
	pdus := [][]byte{}
	for i := range 200 {
		pdus = append(pdus, signedPDU(b, "11", map[string]any{"type": "m.room.member", "state_key": beta.user("b"), "sender": beta.user("b"),
			"room_id": "!r:x", "origin_server_ts": time.Now().UnixMilli(), "content": map[string]any{"membership": "join", "displayname": "Dr. B"},
			"depth": i, "prev_events": []any{"$a"}, "auth_events": []any{"$b", "$c", "$d"}, "hashes": map[string]any{"sha256": "abc"}}, beta.signer))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range alpha.client.VerifyPDUs(b.Context(), "11", pdus) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
