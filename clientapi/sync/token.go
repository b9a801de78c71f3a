package sync

import (
	"errors"
	"strconv"
	"strings"

	"medixchange/rooms"
)

// Token is where a device has come to. Clients see it as an opaque string; its first letter is its version.
type Token struct {
	Position int64 // of the stream: everything at or before it was sent, apart from the held rooms
	// ToDevice is the position of the last to-device message that was sent. ToDevicePending says that more were waiting.
	ToDevice        int64
	ToDevicePending bool
	Epoch           string // of Ephemeral; another process start makes all ephemeral facts new
	Ephemeral       int64
	Late            int64      // number of the last late edit that was owed and was sent (view.Placed); of this Epoch, too
	Held            []HeldRoom // rooms whose tail waits for a translation
	Gaps            []Gap      // what the device was never sent, oldest first
}

// HeldRoom is a room that a device has only up to its own position.
type HeldRoom struct {
	RoomNID  int64
	Position int64
}

// maxHeld bounds the held rooms of a token; when the list is full nothing more is held.
const maxHeld = 16

const maxTokenBytes = 2048

// ErrBadToken is returned for a token that this node did not make.
var ErrBadToken = errors.New("malformed token")

// String returns the form that clients get.
func (t Token) String() string {
	out := make([]byte, 0, 64)
	out = strconv.AppendInt(append(out, 's'), t.Position, 10)
	out = strconv.AppendInt(append(out, '_'), t.ToDevice, 10)
	if t.ToDevicePending {
		out = append(out, '-')
	}
	out = append(append(out, '_'), t.Epoch...)
	out = strconv.AppendInt(append(out, '_'), t.Ephemeral, 10)
	if t.Late != 0 {
		out = strconv.AppendInt(append(out, '.'), t.Late, 10)
	}
	for _, held := range t.Held {
		out = strconv.AppendInt(append(out, '_'), held.RoomNID, 10)
		out = strconv.AppendInt(append(out, '.'), held.Position, 10)
	}
	for _, gap := range t.Gaps {
		out = strconv.AppendInt(append(out, '_'), gap.RoomNID, 10)
		out = strconv.AppendInt(append(out, '.'), gap.From, 10)
		out = strconv.AppendInt(append(out, '.'), gap.Start, 10)
		out = strconv.AppendInt(append(out, '.'), gap.Minute, 10)
	}
	return string(out)
}

// ParseToken reads what Token.String wrote, and nothing else.
func ParseToken(s string) (Token, error) {
	if len(s) > maxTokenBytes || !strings.HasPrefix(s, "s") {
		return Token{}, ErrBadToken
	}
	parts := strings.Split(s[1:], "_")
	if len(parts) < 4 || len(parts) > 4+maxHeld+maxGaps || !isEpoch(parts[2]) {
		return Token{}, ErrBadToken
	}
	toDevice, pending := strings.CutSuffix(parts[1], "-")
	t := Token{ToDevicePending: pending, Epoch: parts[2]}
	ok := parseNumber(parts[0], &t.Position) && parseNumber(toDevice, &t.ToDevice) && t.parseEphemeral(parts[3])
	for _, part := range parts[4:] {
		ok = ok && t.parseRoom(part)
	}
	if !ok {
		return Token{}, ErrBadToken
	}
	return t, nil
}

// parseEphemeral reads what belongs to the epoch.
func (t *Token) parseEphemeral(part string) bool {
	ephemeral, late, found := strings.Cut(part, ".")
	return parseNumber(ephemeral, &t.Ephemeral) && (!found || parseNumber(late, &t.Late) && t.Late != 0)
}

// parseRoom reads what a token says of one room: held rooms first, then gaps.
func (t *Token) parseRoom(part string) bool {
	var n [4]int64
	numbers := strings.Split(part, ".")
	if len(numbers) > len(n) {
		return false
	}
	for i, number := range numbers {
		if !parseNumber(number, &n[i]) {
			return false
		}
	}
	switch {
	case len(numbers) == 2 && len(t.Gaps) == 0 && len(t.Held) < maxHeld:
		t.Held = append(t.Held, HeldRoom{RoomNID: n[0], Position: n[1]})
	case len(numbers) == 4 && len(t.Gaps) < maxGaps:
		t.Gaps = append(t.Gaps, Gap{RoomNID: n[0], From: n[1], Start: n[2], Minute: n[3]})
	default:
		return false
	}
	return true
}

// parseNumber takes digits without sign or leading zeros, so that every token has one form.
func parseNumber(s string, n *int64) bool {
	if s == "" || len(s) > 1 && s[0] == '0' || s[0] < '0' || s[0] > '9' {
		return false
	}
	parsed, err := strconv.ParseInt(s, 10, 64)
	*n = parsed
	return err == nil
}

func isEpoch(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(s) <= 40
}

// SinceIn returns how far the device has come in a room.
func (t Token) SinceIn(roomNID int64) int64 {
	for _, held := range t.Held {
		if held.RoomNID == roomNID {
			return min(held.Position, t.Position)
		}
	}
	return t.Position
}

// HistoryKey returns the place in a room's history up to which the token has seen it.
func (t Token) HistoryKey(roomNID int64) rooms.HistoryKey {
	return rooms.HistoryKey{Anchor: t.SinceIn(roomNID)}
}

// HistoryToken returns the form that clients get of a place in a room's history (prev_batch, /messages).
func HistoryToken(k rooms.HistoryKey) string {
	return string(appendHistoryToken(nil, k))
}

func appendHistoryToken(dst []byte, k rooms.HistoryKey) []byte {
	dst = strconv.AppendInt(append(dst, 'h'), k.Anchor, 10)
	return strconv.AppendInt(append(dst, '_'), k.Sub, 10)
}

// ParseHistory reads a place in a room's history: what HistoryToken wrote, or a token of /sync.
func ParseHistory(s string, roomNID int64) (rooms.HistoryKey, error) {
	if strings.HasPrefix(s, "s") {
		t, err := ParseToken(s)
		return t.HistoryKey(roomNID), err
	}
	anchor, sub, found := strings.Cut(strings.TrimPrefix(s, "h"), "_")
	var k rooms.HistoryKey
	sub, negative := strings.CutPrefix(sub, "-")
	if !found || !strings.HasPrefix(s, "h") || !parseNumber(anchor, &k.Anchor) || !parseNumber(sub, &k.Sub) || negative && k.Sub == 0 {
		return rooms.HistoryKey{}, ErrBadToken
	}
	if negative {
		k.Sub = -k.Sub
	}
	return k, nil
}
