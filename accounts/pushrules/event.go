package pushrules

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Event is an event prepared for evaluation. Prepare it once for all users; it is immutable.
type Event struct {
	typ, sender, roomID string
	json                []byte
	known               [knownKeys]gjson.Result
	lowerBody           string
}

// Keys that the server-default rules look at; they are read once for all users.
const (
	keyType = iota
	keySender
	keyRoomID
	keyStateKey
	keyBody
	keyMsgType
	keyMembership
	keyRelType
	keyMentionsUsers
	keyMentionsRoom
	knownKeys
)

var keyNumbers = map[string]int{
	"type":                           keyType,
	"sender":                         keySender,
	"room_id":                        keyRoomID,
	"state_key":                      keyStateKey,
	"content.body":                   keyBody,
	"content.msgtype":                keyMsgType,
	"content.membership":             keyMembership,
	`content.m\.relates_to.rel_type`: keyRelType,
	`content.m\.mentions.user_ids`:   keyMentionsUsers,
	`content.m\.mentions.room`:       keyMentionsRoom,
}

// NewEvent prepares an event. stateKey is nil for one that is not a state event; json is the event itself, whose room_id
// may be missing.
func NewEvent(typ, sender, roomID string, stateKey *string, json []byte) *Event {
	e := &Event{typ: typ, sender: sender, roomID: roomID, json: json}
	e.known[keyType], e.known[keySender], e.known[keyRoomID] = text(typ), text(sender), text(roomID)
	if stateKey != nil {
		e.known[keyStateKey] = text(*stateKey)
	}
	gjson.GetBytes(json, "content").ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "body":
			e.known[keyBody] = value
		case "msgtype":
			e.known[keyMsgType] = value
		case "membership":
			e.known[keyMembership] = value
		case "m.relates_to":
			e.known[keyRelType] = value.Get("rel_type")
		case "m.mentions":
			e.known[keyMentionsUsers], e.known[keyMentionsRoom] = value.Get("user_ids"), value.Get("room")
		}
		return true
	})
	if body := e.known[keyBody]; body.Type == gjson.String {
		e.lowerBody = strings.ToLower(body.Str)
	}
	return e
}

// WithBody returns the event with another text as its content.body.
func (e *Event) WithBody(body string) *Event {
	of := *e
	of.known[keyBody], of.lowerBody = text(body), strings.ToLower(body)
	return &of
}

func text(s string) gjson.Result { return gjson.Result{Type: gjson.String, Str: s, Raw: "?"} }

// key is a compiled dot-separated property path.
type key struct {
	number int    // into Event.known; -1 for others
	path   string // for gjson
}

func compileKey(s string) key {
	if n, ok := keyNumbers[s]; ok {
		return key{number: n}
	}
	segments := splitKey(s)
	for i := range segments {
		segments[i] = gjson.Escape(segments[i])
	}
	return key{number: -1, path: strings.Join(segments, ".")}
}

// splitKey splits at dots; a backslash takes the meaning from a dot or backslash after it and stands for itself before
// anything else (Appendices, Dot-separated property paths).
func splitKey(s string) []string {
	var segments []string
	var segment strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '.' || s[i+1] == '\\'):
			i++
			segment.WriteByte(s[i])
		case s[i] == '.':
			segments = append(segments, segment.String())
			segment.Reset()
		default:
			segment.WriteByte(s[i])
		}
	}
	return append(segments, segment.String())
}

// get returns the property; one that is absent does not Exist.
func (e *Event) get(k key) gjson.Result {
	if k.number >= 0 {
		return e.known[k.number]
	}
	return gjson.GetBytes(e.json, k.path)
}
