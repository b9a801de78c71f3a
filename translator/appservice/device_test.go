package appservice

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/translator/language"
	"medixchange/translator/replies"
)

const deviceToken = "token-of-the-device"

// answerDevice is what of the Client-Server API the bot's device needs beside what the service does.
func (h *homeserver) answerDevice(r *http.Request, path string, body []byte) (int, any) {
	parts := strings.Split(path, "/")
	switch {
	case path == "/sync" && h.failSyncs > 0:
		h.failSyncs--
		return http.StatusInternalServerError, object{"errcode": "M_UNKNOWN", "error": "Internal server error"}
	case path == "/sync":
		h.answered++
		h.filter = r.URL.Query().Get("filter")
		answer, next, since := object{}, "s"+strconv.Itoa(h.answered), r.URL.Query().Get("since")
		if since != "" && since == h.after {
			h.told, h.after = h.told+1, ""
		}
		switch {
		case since != "" && h.after == "" && len(h.syncs) > 0:
			h.last, h.syncs, h.from = h.syncs[0], h.syncs[1:], since
			answer, h.after = h.last, next
		case h.after != "" && since == h.from: // the answer did not arrive, as when the device was stopped meanwhile
			answer, h.after = h.last, next
		}
		answer["next_batch"] = next
		answer["device_one_time_keys_count"] = object{"signed_curve25519": 50}
		answer["device_unused_fallback_key_types"] = []string{"signed_curve25519"}
		return http.StatusOK, answer
	case strings.HasSuffix(path, "/keys/upload"), strings.HasSuffix(path, "/keys/device_signing/upload"):
		for name, key := range gjson.ParseBytes(body).Map() {
			if name != "one_time_keys" {
				h.keys[name] = json.RawMessage(key.Raw)
			}
		}
		return http.StatusOK, object{"one_time_key_counts": object{"signed_curve25519": 50}}
	case strings.HasSuffix(path, "/keys/query"):
		answer := object{"device_keys": object{bot: object{"DEVICE": h.keys["device_keys"]}}}
		for _, name := range []string{"master_key", "self_signing_key", "user_signing_key"} {
			answer[name+"s"] = object{bot: h.keys[name]}
		}
		return http.StatusOK, answer
	case strings.HasSuffix(path, "/members"):
		return http.StatusOK, object{"chunk": []object{}}
	case strings.Contains(path, "/state/m.room.encryption"):
		return http.StatusOK, object{"algorithm": "m.megolm.v1.aes-sha2"}
	case strings.Contains(path, "/send/m.room.encrypted/"):
		h.done = append(h.done, "encrypted")
		return http.StatusOK, object{"event_id": h.send(parts[len(parts)-4], parts[len(parts)-1], body)}
	}
	return http.StatusOK, object{}
}

// withDevice gives the bot a device, by a clock that can be put forward.
func withDevice(ahead *atomic.Int64) func(*Options) {
	return func(o *Options) {
		o.Encrypted, o.Secret = true, bytes.Repeat([]byte{2}, 32)
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}
}

// happens tells the device something, and waits until it has taken it.
func (h *homeserver) happens(answer object) {
	h.t.Helper()
	before := 0
	h.set(func() { h.syncs, before = append(h.syncs, answer), h.told })
	require.Eventually(h.t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.told > before
	}, patience, time.Millisecond)
}

// entered is what /sync says when the bot has joined the ward.
func entered(events ...object) object {
	join := object{"type": "m.room.member", "state_key": bot, "sender": bot, "event_id": "$join", "content": object{"membership": "join"}}
	return object{"rooms": object{"join": object{ward: object{"timeline": object{"events": append([]object{join}, events...)}}}}}
}

func (h *homeserver) countDone(what string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, done := range h.done {
		if strings.HasPrefix(done, what) {
			n++
		}
	}
	return n
}

func (w *besideWorld) inviteToEncrypted(by string) {
	w.hs.set(func() { w.hs.encrypted, w.hs.broken = true, "/state/m.room.power_levels" })
	w.invited(by)
	w.hs.happens(entered(object{
		"type": "m.room.encrypted", "sender": "@bo:b.example", "event_id": "$secret",
		"content": object{"algorithm": "m.megolm.v1.aes-sha2", "session_id": strings.Repeat("A", 43), "ciphertext": strings.Repeat("A", 80), "sender_key": "y", "device_id": "z"},
	}))
}

// TestTheDeviceReadsARoomOnceAModeratorIsKnownToWantIt: the bot has to be in the room to find that out.
func TestTheDeviceReadsARoomOnceAModeratorIsKnownToWantIt(t *testing.T) {
	w := newBesideWorld(t, withDevice(new(atomic.Int64)))
	w.inviteToEncrypted("@ana:b.example")
	require.Zero(t, w.hs.countDone("encrypted"), "nobody knows yet whether the bot may be there")
	require.Empty(t, w.unread(), "nor is what is said there looked at")
	w.hs.set(func() { w.hs.broken = "" })
	w.hs.waitFor("encrypted") // the greeting
	require.Equal(t, []string{"$secret"}, w.unread(), "it waits for its key")
	require.Zero(t, w.hs.countDone("leave"))
}

func TestTheDeviceReadsNothingOfARoomThatNoModeratorInvitedItTo(t *testing.T) {
	w := newBesideWorld(t, withDevice(new(atomic.Int64)))
	w.inviteToEncrypted("@bo:b.example")
	w.hs.set(func() { w.hs.broken = "" })
	require.Contains(t, w.hs.waitFor("leave"), language.String("en", "encrypted_moderator"))
	w.hs.happens(object{})
	require.Zero(t, w.hs.countDone("encrypted"))
	require.Empty(t, w.unread())
}

// TestTheBotLeavesARoomOfWhichItCannotFindOutWhetherItMayBeThere: also when it was restarted meanwhile.
func TestTheBotLeavesARoomOfWhichItCannotFindOutWhetherItMayBeThere(t *testing.T) {
	ahead := new(atomic.Int64)
	w := newBesideWorld(t, withDevice(ahead))
	w.inviteToEncrypted("@ana:b.example")
	w.stop()
	w.start()
	w.hs.happens(object{})
	require.Zero(t, w.hs.countDone("encrypted"))
	require.Zero(t, w.hs.countDone("leave"))
	ahead.Store(int64(2 * doubtAtMost))
	require.Contains(t, w.hs.waitFor("leave"), language.String("en", "error_failed"))
	require.Zero(t, w.hs.countDone("encrypted"))
	require.Empty(t, w.unread())
}

// TestTheDeviceHearsThatARoomIsNotTranslatedBeforeWhatIsSaidAfterIt: the transaction that says so may be late, or be refused while
// there is too much to do.
func TestTheDeviceHearsThatARoomIsNotTranslatedBeforeWhatIsSaidAfterIt(t *testing.T) {
	w := newBesideWorld(t, withDevice(new(atomic.Int64)))
	w.hs.set(func() { w.hs.encrypted = true })
	setting := func() string {
		value, err := w.service.house.Translation(t.Context(), ward)
		require.NoError(t, err)
		return value
	}
	require.Empty(t, setting())
	readers, err := w.service.house.membersOf(t.Context(), ward)
	require.NoError(t, err)
	require.Len(t, readers, 3)
	w.hs.set(func() { w.hs.setting = replies.TranslationOff })
	require.Empty(t, setting(), "it is remembered")
	off := object{"type": replies.TypeSettings, "state_key": "", "sender": "@ana:b.example", "event_id": "$off", "content": object{"translation": "off"}}
	w.hs.happens(object{"rooms": object{"join": object{ward: object{"timeline": object{"events": []object{off}}}}}})
	require.Equal(t, replies.TranslationOff, setting())
	w.hs.set(func() { require.Contains(t, w.hs.filter, `"`+replies.TypeSettings+`"],"limit"`) })
}

// unread are the encrypted messages that wait for their keys (the kind is that of package encrypted).
func (w *besideWorld) unread() []string {
	w.t.Helper()
	const kindUnread replies.Kind = 112
	records, err := w.service.o.Vault.List(w.t.Context(), kindUnread, ward)
	require.NoError(w.t, err)
	var names []string
	for _, record := range records {
		names = append(names, record.Name)
	}
	return names
}
