package tests

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

// smallWard is an encrypted room of one hospital that the bot reads: ana (zh) moderates, bo and eve read Spanish and English.
type smallWard struct {
	t            *testing.T
	hospital     *testhospital.Hospital
	bot          id.UserID
	room         id.RoomID
	ana, bo, eve *mautrixClient
}

func newSmallWard(t *testing.T, change func(*config.EncryptedRooms)) *smallWard {
	h := testhospital.Start(t, translatingWith(t, tongues(t).URL), func(cfg *config.Config) { change(&cfg.Translator.Encrypted) })
	w := &smallWard{t: t, hospital: h, bot: id.UserID("@translator:" + h.Name)}
	person := func(name, language string) *mautrixClient {
		u := h.User(name)
		chooses(u, map[string]any{"language": language})
		return newMautrix(t, h, name).encrypting().syncing()
	}
	w.ana, w.bo, w.eve = person("ana", "zh"), person("bo", "es"), person("eve", "en")
	w.room = w.ana.room(encryptedRoom(), w.bo, w.eve)
	for _, c := range []*mautrixClient{w.ana, w.bo, w.eve} {
		c.knowsEncryption(w.room)
	}
	_, err := w.ana.InviteUser(t.Context(), w.room, &mautrix.ReqInviteUser{UserID: w.bot})
	require.NoError(t, err)
	for _, c := range []*mautrixClient{w.ana, w.bo, w.eve} {
		w.says(c, "encrypted_joined")
	}
	return w
}

// says waits until the bot says something to the room, in the language of one who reads it.
func (w *smallWard) says(c *mautrixClient, key string) *event.Event {
	w.t.Helper()
	return c.wait("the bot's "+key, func(ev *event.Event) bool {
		return ev.Sender == w.bot && ev.Type == event.EventMessage && strings.Contains(ev.Content.AsMessage().Body, language.String("zh", key))
	})
}

func (w *smallWard) answered(c *mautrixClient, said id.EventID, text string) {
	w.t.Helper()
	c.wait("the answer "+text, func(ev *event.Event) bool {
		return ev.Sender == w.bot && ev.Type == event.EventMessage && strings.Contains(ev.Content.AsMessage().Body, text) &&
			ev.Content.AsMessage().OptionalGetRelatesTo().GetThreadParent() == said
	})
}

// TestTheBotLeavesWhenNobodyReadsAnotherLanguage: it says so, stays for the time that the hospital gives, and goes.
func TestTheBotLeavesWhenNobodyReadsAnotherLanguage(t *testing.T) {
	w := newSmallWard(t, func(e *config.EncryptedRooms) { e.LeaveAfter = config.Duration(2 * time.Second) })
	said := w.ana.say(w.room, threeTongues[0]["zh"])
	w.answered(w.bo, said, threeTongues[0]["es"])
	for _, c := range []*mautrixClient{w.bo, w.eve} {
		require.NoError(t, c.SetAccountData(t.Context(), "org.medixchange.language", map[string]string{"language": "zh"}))
	}
	w.says(w.ana, "encrypted_alone")
	w.says(w.ana, "encrypted_left")
	w.ana.waitForMember(w.room, w.bot, event.MembershipLeave)
}

// TestTheRoomIsToldOfAMessageThatCannotBeDecrypted: once, however many there are.
func TestTheRoomIsToldOfAMessageThatCannotBeDecrypted(t *testing.T) {
	w := newSmallWard(t, func(e *config.EncryptedRooms) { e.KeyWait = config.Duration(time.Second) })
	var lost []id.EventID
	for _, session := range []string{"c2Vzc2lvbiBvZiBub2JvZHk", "YW5vdGhlciBvZiBub2JvZHk"} {
		sent, err := w.bo.SendMessageEvent(t.Context(), w.room, event.EventEncrypted, map[string]any{
			"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnB0", "sender_key": "x", "device_id": w.bo.DeviceID, "session_id": session,
		}, mautrix.ReqSendEvent{DontEncrypt: true})
		require.NoError(t, err)
		lost = append(lost, sent.EventID)
	}
	told := w.says(w.ana, "encrypted_unreadable")
	require.Contains(t, lost, told.Content.AsMessage().OptionalGetRelatesTo().GetReplyTo())
	require.Contains(t, told.Content.AsMessage().Body, language.String("es", "encrypted_unreadable"), "in the languages that are read")
	said := w.ana.say(w.room, threeTongues[0]["zh"])
	w.answered(w.bo, said, threeTongues[0]["es"])
	w.ana.mu.Lock()
	defer w.ana.mu.Unlock()
	n := map[id.EventID]bool{}
	for _, ev := range w.ana.seen {
		if ev.Sender == w.bot && ev.Type == event.EventMessage && strings.Contains(ev.Content.AsMessage().Body, language.String("zh", "encrypted_unreadable")) {
			n[ev.ID] = true
		}
	}
	require.Len(t, n, 1)
}

// TestAFallbackKeyStandsInWhenOneTimeKeysRunOut: more devices than there are one-time keys write to the bot while it is away.
func TestAFallbackKeyStandsInWhenOneTimeKeysRunOut(t *testing.T) {
	w := newSmallWard(t, func(*config.EncryptedRooms) {})
	device := w.botDevice(w.ana)
	w.hospital.Stop()
	w.hospital.Config.Translator.Encrypted.Enabled = false // the bot is away, its hospital is not
	w.hospital.Start()
	claim := map[string]any{"one_time_keys": map[string]any{w.bot.String(): map[string]string{device.String(): "signed_curve25519"}}}
	var last gjson.Result
	eve := w.hospital.User("claims")
	for range 200 {
		answer := eve.Must(http.MethodPost, "/_matrix/client/v3/keys/claim", claim)
		last = answer.Get("one_time_keys").Map()[w.bot.String()].Map()[device.String()]
		require.NotEmpty(t, last.Raw, "there is always a key")
		if strings.Contains(last.Raw, `"fallback":true`) {
			break
		}
	}
	require.Contains(t, last.Raw, `"fallback":true`)
	late := newMautrix(t, w.hospital, "eve").encrypting().syncing() // another device, which finds the fallback key only
	late.wait("the greeting, which comes after the members", func(ev *event.Event) bool { return ev.Sender == w.bot && ev.Type == event.EventEncrypted })
	said := late.say(w.room, threeTongues[0]["en"])

	w.hospital.Stop()
	w.hospital.Config.Translator.Encrypted.Enabled = true
	w.hospital.Start()
	w.answered(w.bo, said, threeTongues[0]["es"])
	require.Eventually(t, func() bool {
		fresh := eve.Must(http.MethodPost, "/_matrix/client/v3/keys/claim", claim).Get("one_time_keys").Map()[w.bot.String()].Map()[device.String()]
		return fresh.Exists() && fresh.Raw != last.Raw
	}, clientPatience, 50*time.Millisecond, "and another takes its place")
}

func (w *smallWard) botDevice(c *mautrixClient) id.DeviceID {
	w.t.Helper()
	answer, err := c.QueryKeys(w.t.Context(), &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{w.bot: {}}})
	require.NoError(w.t, err)
	require.Len(w.t, answer.DeviceKeys[w.bot], 1)
	for device := range answer.DeviceKeys[w.bot] {
		return device
	}
	return ""
}

// TestALostKeyOfTheBotsDeviceNeedsNoHelp: the device begins anew, in its rooms, cross-signed, and the old one is
// gone.
func TestALostKeyOfTheBotsDeviceNeedsNoHelp(t *testing.T) {
	w := newSmallWard(t, func(*config.EncryptedRooms) {})
	old := w.botDevice(w.ana)
	deviceIsSigned(t, w.ana, w.bot)
	w.hospital.Stop()
	require.NoError(t, os.Remove(w.hospital.Config.Translator.Encrypted.KeyFile))
	w.hospital.Start()
	require.Eventually(t, func() bool {
		answer, err := w.ana.QueryKeys(t.Context(), &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{w.bot: {}}})
		return err == nil && len(answer.DeviceKeys[w.bot]) == 1 && len(answer.MasterKeys) == 1 && !hasDevice(answer, w.bot, old)
	}, clientPatience, 50*time.Millisecond, "a new device, and no other")
	w.ana.knowsDevice(w.room, w.bot, w.botDevice(w.ana))
	store := w.ana.Crypto.(*cryptohelper.CryptoHelper).Machine().CryptoStore
	require.Eventually(t, func() bool {
		devices, err := store.GetDevices(t.Context(), w.bot)
		return err == nil && devices[old] == nil
	}, clientPatience, 10*time.Millisecond)
	said := w.ana.say(w.room, threeTongues[0]["zh"])
	w.answered(w.bo, said, threeTongues[0]["es"])
	deviceIsSigned(t, w.ana, w.bot)

	w.hospital.Stop()
	file := w.hospital.Config.Translator.Encrypted.KeyFile
	right := mustRead(t, file)
	require.NoError(t, os.WriteFile(file, mustRead(t, w.hospital.Config.SigningKey), 0o600))
	_, err := node.New(t.Context(), w.hospital.Config, node.Options{})
	require.ErrorContains(t, err, "key_file", "another key is no reason to throw anything away")
	require.NoError(t, os.WriteFile(file, right, 0o600))
	w.hospital.Start()
	again := w.ana.say(w.room, threeTongues[1]["zh"])
	w.answered(w.bo, again, threeTongues[1]["es"])
}

// deviceIsSigned checks as clients do, who warn of a device otherwise, that the bot's device is cross-signed: its keys by the
// self-signing key, and that by the master key.
func deviceIsSigned(t *testing.T, asker *mautrixClient, bot id.UserID) {
	t.Helper()
	answer, err := asker.MakeRequest(t.Context(), http.MethodPost, asker.BuildClientURL("v3", "keys", "query"),
		map[string]any{"device_keys": map[string]any{bot.String(): []string{}}}, nil)
	require.NoError(t, err)
	of := func(what string) gjson.Result { return gjson.GetBytes(answer, what).Map()[bot.String()] }
	master := crossSigningKey(t, of("master_keys"), bot, "master")
	selfSigning := crossSigningKey(t, of("self_signing_keys"), bot, "self_signing")
	signedBy(t, of("self_signing_keys"), bot, master)
	devices := of("device_keys").Map()
	require.Len(t, devices, 1)
	for name, device := range devices {
		require.Equal(t, bot.String(), device.Get("user_id").Str)
		require.Equal(t, name, device.Get("device_id").Str)
		signedBy(t, device, bot, selfSigning)
	}
}

// crossSigningKey is the one public key of a cross-signing key object.
func crossSigningKey(t *testing.T, object gjson.Result, user id.UserID, usage string) (key id.Ed25519) {
	t.Helper()
	require.Equal(t, user.String(), object.Get("user_id").Str)
	require.Equal(t, `["`+usage+`"]`, object.Get("usage").Raw)
	require.Len(t, object.Get("keys").Map(), 1)
	for name, value := range object.Get("keys").Map() {
		require.Equal(t, "ed25519:"+value.Str, name)
		key = id.Ed25519(value.Str)
	}
	return key
}

// signedBy checks the signature of a key object as the server gives it, of whatever it holds.
func signedBy(t *testing.T, object gjson.Result, user id.UserID, key id.Ed25519) {
	t.Helper()
	signed, err := signatures.VerifySignatureJSON(json.RawMessage(object.Raw), user, key.String(), key)
	require.NoError(t, err, object.Raw)
	require.True(t, signed, object.Raw)
}

func hasDevice(answer *mautrix.RespQueryKeys, user id.UserID, device id.DeviceID) bool {
	_, there := answer.DeviceKeys[user][device]
	return there
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	return raw
}
