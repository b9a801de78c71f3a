package view

import (
	"bytes"
	"strconv"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"medixchange/rooms"
)

// rulesOf returns the number by which the redaction algorithms of room versions are ordered. Versions that are not
// numbers follow the oldest rules, which keep no more than the newest do for anything that members read.
func rulesOf(version string) int {
	n, err := strconv.Atoi(version)
	if err != nil {
		return 1
	}
	return n
}

// keptContent says which keys of a type's content survive redaction, by room version (Room Versions, Redactions).
func keptContent(rules int, typ string) (keep []string, all bool) {
	switch typ {
	case "m.room.member":
		if rules >= 9 {
			return []string{"membership", "join_authorised_via_users_server"}, false
		}
		return []string{"membership"}, false
	case "m.room.create":
		return []string{"creator"}, rules >= 11
	case "m.room.join_rules":
		if rules >= 8 {
			return []string{"join_rule", "allow"}, false
		}
		return []string{"join_rule"}, false
	case "m.room.power_levels":
		keep = []string{"ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default"}
		if rules >= 11 {
			keep = append(keep, "invite")
		}
		return keep, false
	case "m.room.history_visibility":
		return []string{"history_visibility"}, false
	case "m.room.aliases":
		if rules <= 5 {
			return []string{"aliases"}, false
		}
	case "m.room.redaction":
		if rules >= 11 {
			return []string{"redacts"}, false
		}
	}
	return nil, false
}

// prunedContent returns the content that is left of a redacted event.
func prunedContent(version, typ string, content gjson.Result) []byte {
	rules := rulesOf(version)
	keep, all := keptContent(rules, typ)
	if all {
		return objectOr(content)
	}
	out := pickKeys([]byte{'{'}, content, keep)
	if rules >= 11 && typ == "m.room.member" {
		if signed := content.Get("third_party_invite.signed"); signed.Exists() {
			out = appendKey(out, "third_party_invite")
			out = append(append(append(out, `{"signed":`...), signed.Raw...), '}')
		}
	}
	return append(out, '}')
}

func pickKeys(out []byte, object gjson.Result, keep []string) []byte {
	if len(keep) == 0 || !object.IsObject() {
		return out
	}
	object.ForEach(func(key, value gjson.Result) bool {
		for _, k := range keep {
			if key.Str == k {
				out = append(appendKey(out, k), value.Raw...)
				break
			}
		}
		return true
	})
	return out
}

// pduKeys survive redaction at the top of a PDU; the last three only before room version 11.
var pduKeys = []string{
	"event_id", "type", "room_id", "sender", "state_key", "hashes", "signatures", "depth", "prev_events", "auth_events",
	"origin_server_ts", "origin", "membership", "prev_state",
}

// prunedPDU returns the redacted copy of a PDU, as servers that may not see the whole get it.
func prunedPDU(ev *rooms.Event) []byte {
	keys := pduKeys
	if rulesOf(ev.Version) >= 11 {
		keys = keys[:len(keys)-3]
	}
	pdu := gjson.ParseBytes(ev.JSON)
	out := pickKeys([]byte{'{'}, pdu, keys)
	out = append(appendKey(out, "content"), prunedContent(ev.Version, ev.Type, pdu.Get("content"))...)
	return append(out, '}')
}

// rawPDU returns the PDU for a client that asked for the federation format: redacted where it is, and without a
// translation key that came from outside.
func rawPDU(ev, redaction *rooms.Event) []byte {
	if redaction != nil {
		return prunedPDU(ev)
	}
	content := objectOr(ev.Content())
	clean := withoutForged(content)
	if len(clean) == len(content) {
		return ev.JSON
	}
	raw, err := sjson.SetRawBytes(bytes.Clone(ev.JSON), "content", clean)
	if err != nil {
		return prunedPDU(ev)
	}
	return raw
}

// objectOr returns the JSON of an object, {} for what is none.
func objectOr(r gjson.Result) []byte {
	if !r.IsObject() {
		return []byte("{}")
	}
	return []byte(r.Raw)
}
