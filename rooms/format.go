package rooms

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"medixchange/internal/strictjson"
)

// format is what room versions differ in as to how an event is written, hashed and named (specification, Room Versions).
// gomatrixserverlib is the oracle of its tests. It is not used on this path: it redacts through maps of parsed JSON, which
// costs more than the whole durable send may, and from version 11 on it drops third_party_invite.signed when redacting.
type format struct {
	version          string
	number           int
	ownIDs           bool             // versions 1 and 2: the event carries its id, references are pairs
	ids              *base64.Encoding // of the reference hash, from version 3 on
	strictNumbers    bool             // canonical JSON is enforced, from version 6 on
	redactsInContent bool             // from version 11 on
	roomIsCreate     bool             // the room id is the create event's id, from version 12 on
	knocks           bool
	restricted       bool
	keepTop          []string
	keepContent      map[string][]string // by event type; an empty list keeps everything
}

// maxEventBytes bounds an event in its federation form (Client-Server API, Size limits).
const maxEventBytes = 65536

// maxIDBytes bounds user ids, room ids, types and state keys.
const maxIDBytes = 255

// maxDepth is the largest depth: canonical JSON has no larger integer, and a deeper event is written with it.
const maxDepth = 1<<53 - 1

// maxPrev is how many events an event may follow (Server-Server API, PDUs), maxAuth how many auth events it may name.
const (
	maxPrev = 20
	maxAuth = 10
)

var formats = newFormats()

func newFormats() map[string]*format {
	all := make(map[string]*format, 12)
	for v := 1; v <= 12; v++ {
		f := &format{
			version: strconv.Itoa(v), number: v,
			ownIDs: v <= 2, strictNumbers: v >= 6, redactsInContent: v >= 11, roomIsCreate: v >= 12,
			knocks: v >= 7, restricted: v >= 8,
			keepTop: keptKeys(v), keepContent: keptContent(v),
		}
		switch {
		case v == 3:
			f.ids = base64.RawStdEncoding
		case v > 3:
			f.ids = base64.RawURLEncoding
		}
		all[f.version] = f
	}
	return all
}

func keptKeys(v int) []string {
	keys := []string{"event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures", "depth",
		"prev_events", "auth_events", "origin_server_ts"}
	if v <= 10 {
		keys = append(keys, "origin", "membership", "prev_state")
	}
	return keys
}

func keptContent(v int) map[string][]string {
	levels := []string{"ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default"}
	kept := map[string][]string{
		"m.room.member":             {"membership"},
		"m.room.create":             {"creator"},
		"m.room.join_rules":         {"join_rule"},
		"m.room.history_visibility": {"history_visibility"},
	}
	if v <= 5 {
		kept["m.room.aliases"] = []string{"aliases"}
	}
	if v >= 8 {
		kept["m.room.join_rules"] = []string{"join_rule", "allow"}
	}
	if v >= 9 {
		kept["m.room.member"] = []string{"membership", "join_authorised_via_users_server"}
	}
	if v >= 11 {
		kept["m.room.create"] = nil
		kept["m.room.redaction"] = []string{"redacts"}
		kept["m.room.member"] = append(kept["m.room.member"], "third_party_invite")
		levels = append(levels, "invite")
	}
	kept["m.room.power_levels"] = levels
	return kept
}

// formatOf returns the format of a room version, ErrUnsupportedRoom for one that is not known.
func formatOf(version string) (*format, error) {
	f, ok := formats[version]
	if !ok {
		return nil, fmt.Errorf("room version %q: %w", version, ErrUnsupportedRoom)
	}
	return f, nil
}

// Redact returns the redacted form of a PDU that is canonical JSON: what its room version keeps, signatures included,
// unsigned left out (specification, Redactions). The PDU is not changed. ErrUnsupportedRoom for an unknown version.
func Redact(version string, pdu []byte) ([]byte, error) {
	f, err := formatOf(version)
	if err != nil {
		return nil, err
	}
	return f.redact(pdu, false), nil
}

// redact keeps the order of keys, so canonical JSON stays canonical. bare leaves the signatures out, as hashes want it.
func (f *format) redact(pdu []byte, bare bool) []byte {
	typ := gjson.GetBytes(pdu, "type").Str
	out := make([]byte, 0, len(pdu))
	out = append(out, '{')
	gjson.ParseBytes(pdu).ForEach(func(key, value gjson.Result) bool {
		if !slices.Contains(f.keepTop, key.Str) || bare && key.Str == "signatures" {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, key.Raw...), ':')
		if key.Str == "content" {
			out = f.redactContent(out, typ, value)
		} else {
			out = append(out, value.Raw...)
		}
		return true
	})
	return append(out, '}')
}

func (f *format) redactContent(out []byte, typ string, content gjson.Result) []byte {
	keep, known := f.keepContent[typ]
	if known && keep == nil {
		return append(out, content.Raw...)
	}
	out = append(out, '{')
	start := len(out)
	if known {
		content.ForEach(func(key, value gjson.Result) bool {
			raw := value.Raw
			if key.Str == "third_party_invite" {
				signed := value.Get("signed")
				if !value.IsObject() || !signed.Exists() {
					return true
				}
				raw = `{"signed":` + signed.Raw + `}`
			}
			if slices.Contains(keep, key.Str) {
				if len(out) > start {
					out = append(out, ',')
				}
				out = append(append(append(out, key.Raw...), ':'), raw...)
			}
			return true
		})
	}
	return append(out, '}')
}

// reference is the hash by which other events refer to a PDU in canonical JSON; signed is what its signatures cover.
func (f *format) reference(pdu []byte) (hash [32]byte, signed []byte) {
	signed = f.redact(pdu, true)
	return sha256.Sum256(signed), signed
}

// idOf names the event with this reference hash; only for versions whose events do not carry their own id.
func (f *format) idOf(hash [32]byte) string { return "$" + f.ids.EncodeToString(hash[:]) }

// contentHash is the hash under hashes.sha256 of a PDU in canonical JSON.
func contentHash(pdu []byte) [32]byte {
	return sha256.Sum256(strictjson.Without(pdu, "hashes", "signatures", "unsigned"))
}
