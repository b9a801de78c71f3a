package accounts

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/sjson"

	"medixchange/internal/signing"
)

// keyPair makes a key with the given id.
func keyPair(t testing.TB, id string) (public string, key signing.Key) {
	pub, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	public = signing.EncodeBase64(pub)
	if id == "" {
		id = public
	}
	return public, signing.Key{ID: "ed25519:" + id, Private: private}
}

func sign(t testing.TB, userID string, key signing.Key, object any) json.RawMessage {
	raw, err := json.Marshal(object)
	require.NoError(t, err)
	signed, err := signing.SignJSON(userID, key, raw)
	require.NoError(t, err)
	return signed
}

// identity makes the identity keys of a device.
func identity(t testing.TB, userID, deviceID string) (json.RawMessage, signing.Key) {
	public, key := keyPair(t, deviceID)
	return sign(t, userID, key, map[string]any{"user_id": userID, "device_id": deviceID, "algorithms": []string{"m.olm.v1"},
		"keys": map[string]string{"ed25519:" + deviceID: public}}), key
}

func oneTimeKeys(from, to int) map[string]json.RawMessage {
	keys := map[string]json.RawMessage{}
	for i := from; i < to; i++ {
		keys[fmt.Sprintf("signed_curve25519:%04d", i)] = json.RawMessage(fmt.Sprintf(`{"key":"k%d"}`, i))
	}
	return keys
}

func TestUploadKeysChecksOwner(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	n.device(ana, "PHONE")
	keys, _ := identity(t, ana, "PHONE")
	_, err := n.UploadKeys(ctx, ana, "WARD", KeyUpload{DeviceKeys: keys})
	require.ErrorIs(t, err, ErrInvalidParam)
	_, err = n.UploadKeys(ctx, "@bo:a.example", "PHONE", KeyUpload{DeviceKeys: keys})
	require.ErrorIs(t, err, ErrInvalidParam)
	before := n.hub.Position()
	_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{DeviceKeys: keys})
	require.NoError(t, err)
	changed, _, err := n.KeyChanges(ctx, ana, before, n.hub.Position())
	require.NoError(t, err)
	require.Equal(t, []string{ana}, changed, "own other devices are told")
	before = n.hub.Position()
	_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{DeviceKeys: keys})
	require.NoError(t, err)
	require.Equal(t, before, n.hub.Position(), "the same keys again are no change")
}

func TestUploadKeysRefusesWhatIsNoDeviceKey(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	n.device(ana, "PHONE")
	good, _ := identity(t, ana, "PHONE")
	for _, c := range []struct{ name, field, value string }{
		{"no algorithms", "algorithms", `null`},
		{"algorithms no list", "algorithms", `"m.olm.v1"`},
		{"no keys", "keys", `{}`},
		{"keys of another device", "keys", `{"ed25519:WARD":"abc"}`},
		{"keys without algorithm", "keys", `{"PHONE":"abc"}`},
		{"no signatures", "signatures", `null`},
		{"signatures no object", "signatures", `["abc"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad, err := sjson.SetRawBytes(good, c.field, []byte(c.value))
			require.NoError(t, err)
			_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{DeviceKeys: bad})
			require.ErrorIs(t, err, ErrBadJSON)
		})
	}
}

func TestOneTimeKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana := n.user("ana")
		n.device(ana, "PHONE")
		counts, err := n.UploadKeys(ctx, ana, "PHONE", KeyUpload{OneTimeKeys: oneTimeKeys(0, 2)})
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"signed_curve25519": 2}, counts)
		_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{OneTimeKeys: map[string]json.RawMessage{"signed_curve25519:0000": json.RawMessage(`{ "key": "k0" }`)}})
		require.NoError(t, err, "the same key, spelt otherwise")
		_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{OneTimeKeys: map[string]json.RawMessage{"signed_curve25519:0000": json.RawMessage(`{"key":"other"}`)}})
		require.ErrorIs(t, err, ErrInvalidParam)
		_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{OneTimeKeys: oneTimeKeys(10, 10+maxOneTimeKeys)})
		require.ErrorIs(t, err, ErrTooLarge)
		_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{FallbackKeys: map[string]json.RawMessage{"signed_curve25519:F": json.RawMessage(`{"key":"f"}`)}})
		require.NoError(t, err)
		_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{OneTimeKeys: oneTimeKeys(2, 3)})
		require.NoError(t, err)

		claim := func() string {
			answer, err := n.ClaimKeys(ctx, map[string]map[string]string{ana: {"PHONE": "signed_curve25519", "NONE": "signed_curve25519"}}, 0)
			require.NoError(t, err)
			require.NotContains(t, answer.OneTimeKeys[ana], "NONE")
			for name := range answer.OneTimeKeys[ana]["PHONE"] {
				return name
			}
			return ""
		}
		first, second := claim(), claim()
		require.ElementsMatch(t, []string{"signed_curve25519:0000", "signed_curve25519:0001"}, []string{first, second})
		require.Equal(t, "signed_curve25519:0002", claim(), "in the order of uploads")
		key, err := n.KeyCounts(ctx, ana, "PHONE")
		require.NoError(t, err)
		require.Equal(t, KeyCounts{OneTime: map[string]int64{"signed_curve25519": 0}, UnusedFallback: []string{"signed_curve25519"}}, key)
		require.Equal(t, "signed_curve25519:F", claim())
		require.Equal(t, "signed_curve25519:F", claim(), "the fallback key is given again and again")
		key, err = n.KeyCounts(ctx, ana, "PHONE")
		require.NoError(t, err)
		require.Empty(t, key.UnusedFallback)
		_, err = n.UploadKeys(ctx, ana, "PHONE", KeyUpload{FallbackKeys: map[string]json.RawMessage{"signed_curve25519:G": json.RawMessage(`{"key":"g"}`)}})
		require.NoError(t, err)
		key, err = n.KeyCounts(ctx, ana, "PHONE")
		require.NoError(t, err)
		require.Equal(t, []string{"signed_curve25519"}, key.UnusedFallback)
	})
}

func TestEachOneTimeKeyIsClaimedOnce(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	n.device(ana, "PHONE")
	const total = 100
	_, err := n.UploadKeys(ctx, ana, "PHONE", KeyUpload{OneTimeKeys: oneTimeKeys(0, total)})
	require.NoError(t, err)
	var mu sync.Mutex
	given := map[string]int{}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range total/8 + 5 {
				answer, err := n.ClaimLocalKeys(ctx, map[string]map[string]string{ana: {"PHONE": "signed_curve25519"}})
				if err != nil {
					panic(err)
				}
				mu.Lock()
				for name := range answer[ana]["PHONE"] {
					given[name]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	require.Len(t, given, total)
	for name, times := range given {
		require.Equal(t, 1, times, name)
	}
	n.restart()
	answer, err := n.ClaimLocalKeys(ctx, map[string]map[string]string{ana: {"PHONE": "signed_curve25519"}})
	require.NoError(t, err)
	require.Empty(t, answer)
}

// crossSigning makes a user's three keys.
type crossSigning struct {
	SigningKeys
	master, selfSigning, userSigning signing.Key
	masterPublic                     string
}

func newCrossSigning(t testing.TB, userID string) *crossSigning {
	c := &crossSigning{}
	object := func(usage, public string) map[string]any {
		return map[string]any{"user_id": userID, "usage": []string{usage}, "keys": map[string]string{"ed25519:" + public: public}}
	}
	var public string
	c.masterPublic, c.master = keyPair(t, "")
	c.MasterKey, _ = json.Marshal(object(usageMaster, c.masterPublic))
	public, c.selfSigning = keyPair(t, "")
	c.SelfSigningKey = sign(t, userID, c.master, object(usageSelfSigning, public))
	public, c.userSigning = keyPair(t, "")
	c.UserSigningKey = sign(t, userID, c.master, object(usageUserSigning, public))
	return c
}

func TestCrossSigningUpload(t *testing.T) {
	n := newNode(t)
	ana := n.user("ana")
	keys, other := newCrossSigning(t, ana), newCrossSigning(t, ana)
	needs := func(k SigningKeys) bool {
		need, err := n.SigningKeysNeedAuth(ctx, ana, k)
		require.NoError(t, err)
		return need
	}
	require.False(t, needs(keys.SigningKeys), "the first ones")
	require.ErrorIs(t, n.UploadSigningKeys(ctx, ana, SigningKeys{SelfSigningKey: keys.SelfSigningKey}), ErrMissingParam)
	require.ErrorIs(t, n.UploadSigningKeys(ctx, ana, SigningKeys{MasterKey: keys.MasterKey, SelfSigningKey: other.SelfSigningKey}), ErrInvalidSignature)
	require.ErrorIs(t, n.UploadSigningKeys(ctx, "@bo:a.example", keys.SigningKeys), ErrInvalidParam)
	require.NoError(t, n.UploadSigningKeys(ctx, ana, keys.SigningKeys))
	require.False(t, needs(keys.SigningKeys), "the same again")
	require.True(t, needs(other.SigningKeys))
	require.True(t, needs(SigningKeys{SelfSigningKey: other.SelfSigningKey}))

	require.NoError(t, n.UploadSigningKeys(ctx, ana, SigningKeys{MasterKey: other.MasterKey}))
	answer, err := n.QueryKeys(ctx, ana, map[string][]string{ana: nil}, 0)
	require.NoError(t, err)
	require.Equal(t, other.masterPublic, publicKeyOf(answer.MasterKeys[ana]))
	require.Empty(t, answer.SelfSigningKeys, "signed by the master key that went")
}

func TestSignatures(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, bo := n.user("ana"), n.user("bo")
		n.device(ana, "PHONE")
		n.town.square("!ward").join(t, ana, bo)
		deviceKeys, device := identity(t, ana, "PHONE")
		_, err := n.UploadKeys(ctx, ana, "PHONE", KeyUpload{DeviceKeys: deviceKeys})
		require.NoError(t, err)
		own, bos := newCrossSigning(t, ana), newCrossSigning(t, bo)
		require.NoError(t, n.UploadSigningKeys(ctx, ana, own.SigningKeys))
		require.NoError(t, n.UploadSigningKeys(ctx, bo, bos.SigningKeys))

		upload := func(target, key string, object json.RawMessage) string {
			failures, err := n.UploadSignatures(ctx, ana, map[string]map[string]json.RawMessage{target: {key: object}})
			require.NoError(t, err)
			if e := failures[target][key]; e != nil {
				return e.Code
			}
			return ""
		}
		decoded := func(raw json.RawMessage) (v any) {
			require.NoError(t, json.Unmarshal(raw, &v))
			return v
		}
		require.Empty(t, upload(ana, "PHONE", sign(t, ana, own.selfSigning, decoded(deviceKeys))))
		require.Empty(t, upload(ana, own.masterPublic, sign(t, ana, device, decoded(own.MasterKey))))
		before := n.hub.Position()
		require.Empty(t, upload(bo, bos.masterPublic, sign(t, ana, own.userSigning, decoded(bos.MasterKey))))
		changed, _, err := n.KeyChanges(ctx, ana, before, n.hub.Position())
		require.NoError(t, err)
		require.Equal(t, []string{bo}, changed, "the signer's other devices are told")
		changed, _, err = n.KeyChanges(ctx, bo, before, n.hub.Position())
		require.NoError(t, err)
		require.Empty(t, changed, "nobody else is")

		require.Equal(t, "M_INVALID_SIGNATURE", upload(ana, "PHONE", sign(t, ana, bos.selfSigning, decoded(deviceKeys))), "a key that is not ana's")
		require.Equal(t, "M_INVALID_SIGNATURE", upload(bo, bos.masterPublic, sign(t, ana, own.selfSigning, decoded(bos.MasterKey))), "not the user-signing key")
		require.Equal(t, "M_NOT_FOUND", upload(ana, "NONE", deviceKeys))
		altered, _ := identity(t, ana, "PHONE")
		require.Equal(t, "M_INVALID_PARAM", upload(ana, "PHONE", sign(t, ana, own.selfSigning, decoded(altered))))

		signedBy := func(requester, target string, raw func(*KeysAnswer) json.RawMessage) map[string]map[string]string {
			answer, err := n.QueryKeys(ctx, requester, map[string][]string{target: nil}, 0)
			require.NoError(t, err)
			var s struct {
				Signatures map[string]map[string]string `json:"signatures"`
			}
			require.NoError(t, json.Unmarshal(raw(answer), &s))
			return s.Signatures
		}
		bosMaster := func(a *KeysAnswer) json.RawMessage { return a.MasterKeys[bo] }
		require.Contains(t, signedBy(ana, bo, bosMaster)[ana], own.userSigning.ID)
		require.Empty(t, signedBy(bo, bo, bosMaster), "ana's signature is hers alone")
		device2 := signedBy(bo, ana, func(a *KeysAnswer) json.RawMessage { return a.DeviceKeys[ana]["PHONE"] })
		require.Contains(t, device2[ana], own.selfSigning.ID)
		require.Contains(t, device2[ana], "ed25519:PHONE")
		answer, err := n.QueryKeys(ctx, bo, map[string][]string{ana: nil}, 0)
		require.NoError(t, err)
		require.Empty(t, answer.UserSigningKeys, "user-signing keys are for their owner")
	})
}

func TestKeyChangesFollowMemberships(t *testing.T) {
	n := newNode(t)
	ana, bo, cy := n.user("ana"), n.user("bo"), n.user("cy")
	n.device(bo, "B")
	ward, lab := n.town.square("!ward"), n.town.square("!lab")
	ward.join(t, ana)
	expect := func(since int64, changed, left []string, why string) int64 {
		t.Helper()
		upto := n.hub.Position()
		gotChanged, gotLeft, err := n.KeyChanges(ctx, ana, since, upto)
		require.NoError(t, err)
		require.ElementsMatch(t, changed, gotChanged, why)
		require.ElementsMatch(t, left, gotLeft, why)
		return upto
	}
	at := n.hub.Position()
	at = expect(at, nil, nil, "nothing happened")
	ward.join(t, bo)
	at = expect(at, []string{bo}, nil, "bo came")
	uploadIdentity := func() {
		keys, _ := identity(t, bo, "B")
		_, err := n.UploadKeys(ctx, bo, "B", KeyUpload{DeviceKeys: keys})
		require.NoError(t, err)
	}
	uploadIdentity()
	at = expect(at, []string{bo}, nil, "bo's keys changed")
	lab.join(t, bo, ana)
	at = expect(at, []string{ana, bo}, nil, "ana joined a room with bo; her other devices are there too")
	ward.member(t, bo, "leave")
	at = expect(at, nil, nil, "bo is still in the lab")
	lab.member(t, bo, "leave")
	at = expect(at, nil, []string{bo}, "bo shares nothing any more")
	uploadIdentity()
	at = expect(at, nil, nil, "bo's keys are no concern of ana's")
	ward.join(t, cy)
	ward.member(t, cy, "leave")
	at = expect(at, nil, []string{cy}, "cy came and went between two tokens")
	ward.join(t, bo)
	ward.member(t, ana, "leave")
	at = expect(at, nil, []string{bo}, "bo came before ana left")
	start := at
	n.restart()
	uploadIdentity()
	lab.join(t, bo)
	expect(start, []string{bo}, nil, "from the database after a restart")
}

func TestDeviceListUpdatesForOtherServers(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, bo := n.user("ana"), n.user("bo")
		n.device(bo, "WARD")
		n.town.square("!ward").join(t, ana, "@li:b.example", bo)
		var since int64
		require.Eventually(t, func() bool { // b.example has been told of those who joined
			since = n.hub.Position()
			updates, err := n.OutgoingDeviceListUpdates(ctx, 0, since, 10)
			return err == nil && len(updates) == 1 && updates[0].UserID == bo
		}, 30*time.Second, time.Millisecond)
		n.device(ana, "PHONE")
		keys, _ := identity(t, ana, "PHONE")
		_, err := n.UploadKeys(ctx, ana, "PHONE", KeyUpload{DeviceKeys: keys})
		require.NoError(t, err)
		require.NoError(t, n.RenameDevice(ctx, ana, "PHONE", "Ward phone"))
		require.NoError(t, n.UploadSigningKeys(ctx, ana, newCrossSigning(t, ana).SigningKeys))
		require.NoError(t, n.DeleteDevices(ctx, ana, []string{"PHONE"}))
		n.restart()

		updates, err := n.OutgoingDeviceListUpdates(ctx, since, n.hub.Position(), 10)
		require.NoError(t, err)
		require.Len(t, updates, 4)
		var contents []map[string]any
		for _, u := range updates {
			require.Equal(t, []string{"b.example"}, u.Servers)
			var c map[string]any
			require.NoError(t, json.Unmarshal(u.Content, &c))
			contents = append(contents, c)
		}
		require.Equal(t, []any{}, contents[0]["prev_id"])
		require.Equal(t, []any{contents[0]["stream_id"]}, contents[1]["prev_id"])
		require.Equal(t, "m.signing_key_update", updates[2].EDUType)
		require.Contains(t, contents[2], "self_signing_key")
		require.NotContains(t, contents[2], "user_signing_key")
		require.Equal(t, true, contents[3]["deleted"])
		list, err := n.OwnDeviceList(ctx, ana)
		require.NoError(t, err)
		require.EqualValues(t, contents[3]["stream_id"], list.StreamID)
		require.Empty(t, list.Devices)
	})
}

func TestRemoteDeviceLists(t *testing.T) {
	onBoth(t, func(t *testing.T, n *node) {
		ana, li := n.user("ana"), "@li:b.example"
		ward := n.town.square("!ward").join(t, ana, li)
		phone, _ := identity(t, li, "PHONE")
		tablet, _ := identity(t, li, "TABLET")
		n.remote.lists[li] = &RemoteDeviceList{UserID: li, StreamID: 5, Devices: []RemoteDevice{{DeviceID: "PHONE", Keys: phone}, {DeviceID: "NOKEYS"}}}
		devices := func() []string {
			t.Helper()
			answer, err := n.QueryKeys(ctx, ana, map[string][]string{li: {}}, 0)
			require.NoError(t, err)
			require.Empty(t, answer.Failures)
			var ids []string
			for id := range answer.DeviceKeys[li] {
				ids = append(ids, id)
			}
			return sorted(ids)
		}
		require.Equal(t, []string{"PHONE"}, devices())
		require.Equal(t, []string{"PHONE"}, devices())
		require.Equal(t, 1, n.remote.count("devices"), "kept while a room is shared")

		update := func(origin, deviceID string, id int64, prev []int64, keys json.RawMessage, deleted bool) error {
			content, err := json.Marshal(map[string]any{"user_id": li, "device_id": deviceID, "stream_id": id, "prev_id": prev, "keys": keys, "deleted": deleted})
			require.NoError(t, err)
			return n.ReceiveDeviceListUpdate(ctx, origin, content)
		}
		before := n.hub.Position()
		require.ErrorIs(t, update("evil.example", "TABLET", 6, []int64{5}, tablet, false), ErrForbidden)
		require.Error(t, update("b.example", "TABLET", 6, []int64{5}, phone, false), "keys of another device")
		require.Equal(t, before, n.hub.Position())
		require.NoError(t, update("b.example", "TABLET", 6, []int64{5}, tablet, false))
		require.Equal(t, []string{"PHONE", "TABLET"}, devices())
		require.NoError(t, update("b.example", "PHONE", 7, []int64{6}, nil, true))
		require.NoError(t, update("b.example", "PHONE", 6, []int64{5}, phone, false), "an old one again")
		require.Equal(t, []string{"TABLET"}, devices())
		require.Equal(t, 1, n.remote.count("devices"))
		changed, _, err := n.KeyChanges(ctx, ana, before, n.hub.Position())
		require.NoError(t, err)
		require.Equal(t, []string{li}, changed)

		n.remote.mu.Lock()
		n.remote.lists[li] = &RemoteDeviceList{UserID: li, StreamID: 10, Devices: []RemoteDevice{{DeviceID: "PHONE", Keys: phone}}}
		n.remote.mu.Unlock()
		require.NoError(t, update("b.example", "PHONE", 10, []int64{9}, phone, false), "updates were lost")
		require.Equal(t, []string{"PHONE"}, devices())

		ward.member(t, li, "leave")
		require.Eventually(t, func() bool { return len(mustKeep(t, n, li)) == 0 }, 20e9, 1e7, "forgotten with the last shared room")
	})
}

// mustKeep returns the devices kept of a remote user.
func mustKeep(t *testing.T, n *node, userID string) []string {
	rows, err := n.db.Query(ctx, `SELECT device_id FROM remote_devices WHERE user_id = $1`, userID)
	require.NoError(t, err)
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	return ids
}

func TestUnreachableServerIsAFailure(t *testing.T) {
	n := newNode(t)
	ana, li, mo := n.user("ana"), "@li:b.example", "@mo:c.example"
	n.town.square("!ward").join(t, ana, li)
	phone, _ := identity(t, li, "PHONE")
	n.remote.lists[li] = &RemoteDeviceList{UserID: li, StreamID: 5, Devices: []RemoteDevice{{DeviceID: "PHONE", Keys: phone}}}
	_, err := n.QueryKeys(ctx, ana, map[string][]string{li: nil}, 0)
	require.NoError(t, err)
	require.NoError(t, n.ReceiveDeviceListUpdate(ctx, "b.example", []byte(`{"user_id":"@li:b.example","device_id":"X","stream_id":9,"prev_id":[8]}`)))
	n.remote.mu.Lock()
	n.remote.down = errors.New("no route")
	n.remote.mu.Unlock()
	require.Eventually(t, func() bool { return n.remote.count("devices") >= 2 }, 20e9, 1e7)
	answer, err := n.QueryKeys(ctx, ana, map[string][]string{li: nil, mo: nil, "@nobody:a.example": nil}, 0)
	require.NoError(t, err)
	require.NotContains(t, answer.DeviceKeys, "@eve:a.example")
	require.Contains(t, answer.Failures, "c.example")
	require.Empty(t, answer.DeviceKeys["@nobody:a.example"])
}

func TestStrangersKeysComeFromTheirServerOnly(t *testing.T) {
	n := newNode(t)
	ana, li := n.user("ana"), "@li:b.example"
	phone, _ := identity(t, li, "PHONE")
	n.remote.lists[li] = &RemoteDeviceList{UserID: li, Devices: []RemoteDevice{{DeviceID: "PHONE", Keys: phone}}}
	for range 2 {
		answer, err := n.QueryKeys(ctx, ana, map[string][]string{li: nil}, 0)
		require.NoError(t, err)
		require.Contains(t, answer.DeviceKeys[li], "PHONE")
		require.NotContains(t, answer.DeviceKeys, "@eve:a.example", "what a server says of others is not believed")
	}
	require.Equal(t, 2, n.remote.count("keys"), "nothing is kept of those whose changes are not heard of")
}
