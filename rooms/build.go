package rooms

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/signing"
	"medixchange/internal/strictjson"
)

// draft is an event that this node is about to make. Content is canonical JSON.
type draft struct {
	typ      string
	stateKey *string
	sender   string
	content  []byte
	redacts  string // where the room version wants it at the top level
	ts       int64
	sticky   time.Duration // 0: not sticky
}

// reference names an event that another builds on.
type reference struct {
	nid int64
	id  string
}

// build writes, hashes and signs the event. prev and auth are its prev_events and auth_events, hash gives the reference
// hash of one of them (asked only in room versions 1 and 2).
func (f *format) build(d *draft, roomID string, depth int64, prev, auth []reference, hash func(reference) (string, error), s *signing.Signer) (*Event, error) {
	ev := &Event{
		RoomID: roomID, Version: f.version, Type: d.typ, StateKey: d.stateKey, Sender: d.sender, Depth: depth,
		OriginServerTS: d.ts,
	}
	for _, a := range auth {
		ev.Auth = append(ev.Auth, a.nid)
	}
	return f.sealed(&pduWriter{format: f, draft: d, event: ev, auth: auth, prev: prev, hash: hash}, s)
}

// sealed writes the event, hashes and signs it.
func (f *format) sealed(w *pduWriter, s *signing.Signer) (*Event, error) {
	d, ev := w.draft, w.event
	if f.ownIDs {
		ev.ID = "$" + randomText(18) + ":" + s.ServerName
	}
	bare, err := w.write("", "")
	if err != nil {
		return nil, err
	}
	sum := contentHash(bare)
	hashed, _ := w.write(base64.RawStdEncoding.EncodeToString(sum[:]), "") // what can fail did not
	ref, covered := f.reference(hashed)
	signature := ed25519.Sign(s.Key.Private, covered)
	signed, _ := w.write(base64.RawStdEncoding.EncodeToString(sum[:]), signatureJSON(s, signature))
	ev.setJSON(signed)
	if len(ev.JSON) > maxEventBytes {
		return nil, fmt.Errorf("event of %d bytes, at most %d: %w", len(ev.JSON), maxEventBytes, ErrTooLarge)
	}
	if !f.ownIDs {
		ev.ID = f.idOf(ref)
	}
	if ev.RoomID == "" {
		ev.RoomID = "!" + ev.ID[1:]
	}
	content := gjson.ParseBytes(d.content)
	ev.Relation = relationOf(content)
	ev.Redacts = redactsOf(d.typ, f.version, ev.JSON, content)
	ev.Sticky = d.sticky.Milliseconds()
	return ev, nil
}

func signatureJSON(s *signing.Signer, signature []byte) string {
	out := strictjson.AppendString([]byte{'{'}, []byte(s.ServerName))
	out = strictjson.AppendString(append(out, ":{"...), []byte(s.KeyID()))
	out = strictjson.AppendString(append(out, ':'), []byte(base64.RawStdEncoding.EncodeToString(signature)))
	return string(append(out, "}}"...))
}

// pduWriter writes a PDU as canonical JSON: the keys are in order because write names them so.
type pduWriter struct {
	format     *format
	draft      *draft
	event      *Event
	auth, prev []reference
	hash       func(reference) (string, error)
	authJSON   string
	prevJSON   string
	out        []byte
}

func (w *pduWriter) write(sha256, signatures string) ([]byte, error) {
	if err := w.references(); err != nil {
		return nil, err
	}
	d, ev := w.draft, w.event
	w.out = make([]byte, 0, len(d.content)+len(w.authJSON)+len(w.prevJSON)+512)
	w.raw("auth_events", w.authJSON)
	w.raw("content", string(d.content))
	w.raw("depth", strconv.FormatInt(ev.Depth, 10))
	if w.format.ownIDs {
		w.text("event_id", ev.ID)
	}
	if sha256 != "" {
		w.raw("hashes", `{"sha256":"`+sha256+`"}`)
	}
	if d.sticky > 0 {
		w.raw(StickyKey, stickyJSON(d.sticky))
	}
	w.raw("origin_server_ts", strconv.FormatInt(ev.OriginServerTS, 10))
	w.raw("prev_events", w.prevJSON)
	if d.redacts != "" {
		w.text("redacts", d.redacts)
	}
	if ev.RoomID != "" {
		w.text("room_id", ev.RoomID)
	}
	w.text("sender", d.sender)
	if signatures != "" {
		w.raw("signatures", signatures)
	}
	if d.stateKey != nil {
		w.text("state_key", *d.stateKey)
	}
	w.text("type", d.typ)
	return append(w.out, '}'), nil
}

func (w *pduWriter) raw(key, value string) {
	sep := byte(',')
	if len(w.out) == 0 {
		sep = '{'
	}
	w.out = append(append(append(append(w.out, sep, '"'), key...), '"', ':'), value...)
}

func (w *pduWriter) text(key, value string) {
	w.raw(key, string(strictjson.AppendString(nil, []byte(value))))
}

func (w *pduWriter) references() (err error) {
	if w.authJSON != "" {
		return nil
	}
	if w.authJSON, err = w.list(w.auth); err != nil {
		return err
	}
	w.prevJSON, err = w.list(w.prev)
	return err
}

func (w *pduWriter) list(refs []reference) (string, error) {
	var out strings.Builder
	out.WriteByte('[')
	for i, ref := range refs {
		if i > 0 {
			out.WriteByte(',')
		}
		id := string(strictjson.AppendString(nil, []byte(ref.id)))
		if !w.format.ownIDs {
			out.WriteString(id)
			continue
		}
		sum, err := w.hash(ref)
		if err != nil {
			return "", err
		}
		out.WriteString("[" + id + `,{"sha256":"` + sum + `"}]`)
	}
	out.WriteByte(']')
	return out.String(), nil
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// randomText returns n random letters, for ids that have to be unique, not secret.
func randomText(n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = idAlphabet[rand.IntN(len(idAlphabet))]
	}
	return string(out)
}

// canonicalContent checks and canonicalises content that a client gave, by the rules of the room version. What only the
// translator may say is taken out (org.medixchange.translation, also of m.new_content).
func (f *format) canonicalContent(content []byte) ([]byte, error) {
	canonical, err := strictjson.Canonical(content, strictjson.Limits{MaxBytes: 2 * maxEventBytes, Integers: f.strictNumbers})
	var wrong *strictjson.Error
	if errors.As(err, &wrong) && wrong.Kind == strictjson.Size {
		return nil, fmt.Errorf("content: %w", ErrTooLarge)
	}
	if err != nil {
		return nil, fmt.Errorf("content: %w: %w", ErrBadEvent, err)
	}
	if len(canonical) == 0 || canonical[0] != '{' {
		return nil, fmt.Errorf("content is not an object: %w", ErrBadEvent)
	}
	if len(canonical) > maxEventBytes {
		return nil, fmt.Errorf("content of %d bytes: %w", len(canonical), ErrTooLarge)
	}
	return stripTranslation(canonical), nil
}

const translationKey = "org.medixchange.translation"

func stripTranslation(content []byte) []byte {
	if !strings.Contains(string(content), `"`+translationKey+`"`) {
		return content
	}
	out := []byte{'{'}
	gjson.ParseBytes(content).ForEach(func(key, value gjson.Result) bool {
		if key.Str == translationKey {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, key.Raw...), ':')
		if key.Str == "m.new_content" && value.IsObject() {
			out = append(out, strictjson.Without([]byte(value.Raw), translationKey)...)
		} else {
			out = append(out, value.Raw...)
		}
		return true
	})
	return append(out, '}')
}
