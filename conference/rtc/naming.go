package rtc

import (
	"crypto/sha256"
	"encoding/base64"

	"medixchange/internal/strictjson"
)

// DefaultSlot is the slot of a room's own call (MSC4143), which deployed clients mean without saying it.
const DefaultSlot = "m.call#ROOM"

// hashed is the unpadded base64 of the SHA-256 of the parts as a canonical JSON array (MSC4195, Mapping MatrixRTC members to
// LiveKit), so that the SFU learns no Matrix name.
func hashed(parts ...string) string {
	text := []byte{'['}
	for i, part := range parts {
		if i > 0 {
			text = append(text, ',')
		}
		text = strictjson.AppendString(text, []byte(part))
	}
	sum := sha256.Sum256(append(text, ']'))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// SFURoom is the SFU's name of a slot of a room.
func SFURoom(roomID, slotID string) string { return hashed(roomID, slotID) }

// Identity is the SFU's name of a member (MSC4195).
func Identity(userID, memberID string) string { return hashed(userID, memberID) }

// deviceIdentity is the one of deployed clients, which count the device in.
func deviceIdentity(userID, deviceID, memberID string) string {
	return hashed(userID, deviceID, memberID)
}

// plainIdentity is the one of older clients, which ask at /sfu/get.
func plainIdentity(userID, deviceID string) string { return userID + ":" + deviceID }
