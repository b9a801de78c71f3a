package rooms

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"medixchange/internal/strictjson"
)

// maxRawBytes bounds a PDU as it comes, with the unsigned part and the white space that do not count for its size.
const maxRawBytes = 4 * maxEventBytes

// strayKeys are top-level keys that are no part of a PDU and would spoil its hash.
var strayKeys = []string{"unsigned", "age_ts", "outlier", "destinations"}

// parse reads a PDU of another server: strict JSON by the rules of the room version, its format, its content hash and its
// id. When the hash does not match the event counts in its redacted form (Server-Server API, Checks performed on receipt).
// Signatures are not checked. The error wraps ErrBadEvent or ErrTooLarge.
func (f *format) parse(raw []byte) (*incoming, error) {
	pdu, err := strictjson.Canonical(raw, strictjson.Limits{MaxBytes: maxRawBytes, Integers: f.strictNumbers})
	var wrong *strictjson.Error
	if errors.As(err, &wrong) && wrong.Kind == strictjson.Size {
		return nil, fmt.Errorf("PDU: %w", ErrTooLarge)
	}
	if err != nil {
		return nil, fmt.Errorf("PDU: %w: %w", ErrBadEvent, err)
	}
	if len(pdu) == 0 || pdu[0] != '{' {
		return nil, fmt.Errorf("PDU is not an object: %w", ErrBadEvent)
	}
	pdu = strictjson.Without(pdu, strayKeys...)
	if !f.ownIDs {
		pdu = strictjson.Without(pdu, "event_id")
	}
	if len(pdu) > maxEventBytes {
		return nil, fmt.Errorf("PDU of %d bytes: %w", len(pdu), ErrTooLarge)
	}
	in := &incoming{event: &Event{Version: f.version}}
	if err := f.readPDU(in, gjson.ParseBytes(pdu)); err != nil {
		return nil, err
	}
	return in, f.finishPDU(in, pdu)
}

// finishPDU checks the hash and names the event.
func (f *format) finishPDU(in *incoming, pdu []byte) error {
	ev := in.event
	sum := contentHash(pdu)
	given, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(gjson.GetBytes(pdu, "hashes.sha256").Str, "="))
	if err != nil || !slices.Equal(given, sum[:]) {
		pdu = f.redact(pdu, false)
	}
	ev.setJSON(pdu)
	hash, _ := f.reference(pdu)
	if !f.ownIDs {
		ev.ID = f.idOf(hash)
	}
	if f.roomIsCreate && ev.IsStateOf("m.room.create", "") {
		ev.RoomID = "!" + ev.ID[1:]
	}
	ev.readJSON()
	return nil
}

// pduReader reads typed members and keeps the first error.
type pduReader struct {
	root  gjson.Result
	runes bool // texts are measured in code points
	err   error
}

func (p *pduReader) fail(key, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s must be %s: %w", key, want, ErrBadEvent)
	}
}

// storable reports whether PostgreSQL can keep a text. An event with another one must not reach the commit, which it would
// spoil for all that share the batch.
func storable(text string) bool { return strings.IndexByte(text, 0) < 0 }

func (p *pduReader) text(key string) string {
	v := p.root.Get(key)
	if v.Type != gjson.String || !storable(v.Str) {
		p.fail(key, "a string without NUL")
	}
	if size := len(v.Str); size > maxIDBytes && (!p.runes || utf8.RuneCountInString(v.Str) > maxIDBytes) {
		p.fail(key, fmt.Sprintf("at most %d bytes", maxIDBytes))
	}
	return v.Str
}

func (p *pduReader) integer(key string) int64 {
	v := p.root.Get(key)
	if v.Type != gjson.Number || strings.ContainsAny(v.Raw, ".eE") {
		p.fail(key, "an integer")
		return 0
	}
	return v.Int()
}

func (p *pduReader) object(key string) {
	if !p.root.Get(key).IsObject() {
		p.fail(key, "an object")
	}
}

// references reads a list of event ids; pairs of id and hashes in room versions 1 and 2.
func (p *pduReader) references(key string, pairs bool, most int) []string {
	list := p.root.Get(key)
	if !list.IsArray() {
		p.fail(key, "a list")
		return nil
	}
	var ids []string
	for _, v := range list.Array() {
		if pairs && v.IsArray() {
			v = v.Get("0")
		}
		if v.Type != gjson.String || !strings.HasPrefix(v.Str, "$") || len(v.Str) > maxIDBytes || !storable(v.Str) {
			p.fail(key, "a list of event ids")
		}
		ids = append(ids, v.Str)
	}
	if len(ids) > most {
		p.fail(key, fmt.Sprintf("at most %d ids", most))
	}
	return ids
}

// readPDU reads the members that every PDU has (Room Version Specification, Event format).
func (f *format) readPDU(in *incoming, root gjson.Result) error {
	// Up to room version 10 some servers made events with longer texts, by counting code points.
	p := &pduReader{root: root, runes: f.number <= 10}
	ev := in.event
	ev.Type, ev.Sender = p.text("type"), p.text("sender")
	ev.OriginServerTS, ev.Depth = p.integer("origin_server_ts"), p.integer("depth")
	if ev.Depth < 0 {
		p.fail("depth", "zero or more")
	}
	if root.Get("state_key").Exists() {
		key := p.text("state_key")
		ev.StateKey = &key
	}
	p.object("content")
	p.object("hashes")
	p.object("signatures")
	in.prev = p.references("prev_events", f.ownIDs, maxPrev)
	in.auth = p.references("auth_events", f.ownIDs, maxAuth)
	if !f.roomIsCreate || !ev.IsStateOf("m.room.create", "") {
		if ev.RoomID = p.text("room_id"); !strings.HasPrefix(ev.RoomID, "!") {
			p.fail("room_id", "a room id")
		}
	}
	if f.ownIDs {
		if ev.ID = p.text("event_id"); !strings.HasPrefix(ev.ID, "$") || serverOf(ev.ID) == "" {
			p.fail("event_id", "an event id")
		}
	}
	if !isUserID(ev.Sender) {
		p.fail("sender", "a user id")
	}
	return p.err
}
