package federation

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/signing"
	"medixchange/rooms"
)

// keyAnswerOf writes the answer that a server with these keys gives; it is signed with signers.
func keyAnswerOf(t testing.TB, name string, until time.Time, keys []signing.Key, old map[string]any, signers ...signing.Key) []byte {
	t.Helper()
	verify := map[string]any{}
	for _, k := range keys {
		verify[k.ID] = map[string]any{"key": signing.EncodeBase64(k.Public())}
	}
	if old == nil {
		old = map[string]any{}
	}
	raw, err := json.Marshal(map[string]any{"server_name": name, "valid_until_ts": until.UnixMilli(), "verify_keys": verify, "old_verify_keys": old})
	require.NoError(t, err)
	for _, k := range signers {
		raw, err = signing.SignJSON(name, k, raw)
		require.NoError(t, err)
	}
	return raw
}

func newKey(t testing.TB) signing.Key {
	t.Helper()
	k, err := signing.GenerateKey()
	require.NoError(t, err)
	return k
}

func TestReadKeyAnswer(t *testing.T) {
	key, other := newKey(t), newKey(t)
	now, until := time.Now().UnixMilli(), time.Now().Add(time.Hour)
	one := []signing.Key{key}
	a, err := readKeyAnswer("a", keyAnswerOf(t, "a", until, one, map[string]any{
		other.ID:    map[string]any{"key": signing.EncodeBase64(other.Public()), "expired_ts": 5},
		"rsa:1":     map[string]any{"key": "abc", "expired_ts": 5},
		"ed25519:x": map[string]any{"key": "too short", "expired_ts": 5},
	}, key), now)
	require.NoError(t, err)
	require.Len(t, a.keys, 2)
	require.True(t, a.keys[other.ID].validAt(4))
	require.False(t, a.keys[other.ID].validAt(5))
	require.True(t, a.keys[key.ID].validAt(now))
	require.False(t, a.keys[key.ID].validAt(until.UnixMilli()+1))

	for name, raw := range map[string][]byte{
		"not signed":      keyAnswerOf(t, "a", until, one, nil),
		"other server":    keyAnswerOf(t, "b", until, one, nil, key),
		"wrong signature": keyAnswerOf(t, "a", until, one, nil, signing.Key{ID: key.ID, Private: other.Private}),
		"half signed":     keyAnswerOf(t, "a", until, []signing.Key{key, other}, nil, key),
		"no keys":         keyAnswerOf(t, "a", until, nil, nil, key),
		"no JSON":         []byte("<html>"),
		"a list":          []byte("[]"),
	} {
		_, err := readKeyAnswer("a", raw, now)
		require.Error(t, err, name)
	}
}

func TestKeysAreFetchedOnceAndKept(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	var asked atomic.Int32
	beta.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/_matrix/key/v2/server") {
			asked.Add(1)
			time.Sleep(20 * time.Millisecond)
		}
		return false
	})
	now := time.Now().UnixMilli()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			key, err := alpha.client.Keys().Key(t.Context(), beta.name, beta.signer.KeyID(), now, true)
			if err != nil || !key.Equal(beta.signer.Key.Public()) {
				t.Errorf("key: %v", err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, asked.Load())

	_, err := alpha.client.Keys().Key(t.Context(), beta.name, "ed25519:none", now, true)
	require.ErrorIs(t, err, signing.ErrSignature)
	require.EqualValues(t, 1, asked.Load(), "it has just answered")

	beta.down()
	again := alpha.newClient().Keys()
	key, err := again.Key(t.Context(), beta.name, beta.signer.KeyID(), now, true)
	require.NoError(t, err, "they are in the database")
	require.True(t, key.Equal(beta.signer.Key.Public()))
	_, err = again.Key(t.Context(), beta.name, beta.signer.KeyID(), now+ownValidity.Milliseconds()+time.Minute.Milliseconds(), true)
	require.NotErrorIs(t, err, rooms.ErrKeysUnreachable, "fetched a moment ago: that is what the server says")
	alpha.advance(time.Hour)
	_, err = again.Key(t.Context(), beta.name, beta.signer.KeyID(), alpha.clock().Add(48*time.Hour).UnixMilli(), true)
	require.ErrorIs(t, err, rooms.ErrKeysUnreachable)
	_, err = again.Key(t.Context(), beta.name, beta.signer.KeyID(), alpha.clock().Add(48*time.Hour).UnixMilli(), false)
	require.NoError(t, err, "older room versions do not ask when")

	beta.up()
	alpha.advance(mostKeyPause)
	_, err = again.Key(t.Context(), beta.name, beta.signer.KeyID(), alpha.clock().Add(time.Hour).UnixMilli(), true)
	require.NoError(t, err)
}

func TestDeadServersAreNotAskedAgainAtOnce(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	var asked atomic.Int32
	beta.answer(func(w http.ResponseWriter, _ *http.Request) bool {
		asked.Add(1)
		w.WriteHeader(500)
		return true
	})
	keys := alpha.client.Keys()
	ask := func() error {
		_, err := keys.Key(t.Context(), beta.name, beta.signer.KeyID(), alpha.clock().UnixMilli(), true)
		return err
	}
	for range 3 {
		require.ErrorIs(t, ask(), rooms.ErrKeysUnreachable)
	}
	require.EqualValues(t, 1, asked.Load())
	alpha.advance(firstKeyPause + time.Millisecond)
	require.Error(t, ask())
	require.EqualValues(t, 2, asked.Load())
	alpha.advance(firstKeyPause + time.Millisecond)
	require.Error(t, ask())
	require.EqualValues(t, 2, asked.Load(), "the pause grows")
	keys.heard(beta.name)
	beta.up()
	require.NoError(t, ask())
}

func TestOwnKeys(t *testing.T) {
	e := newEndpoint(t, newAuthority(t))
	old := newKey(t)
	e.signer.Old = []signing.OldKey{{ID: old.ID, Public: old.Public(), ExpiredAt: time.UnixMilli(1000)}}
	status, answer := post(e, "GET", "/_matrix/key/v2/server", "")
	require.Equal(t, 200, status)
	a, err := readKeyAnswer(e.name, []byte(answer), time.Now().UnixMilli())
	require.NoError(t, err)
	require.True(t, a.keys[old.ID].expired)
	require.True(t, a.keys[e.signer.KeyID()].validAt(time.Now().Add(time.Hour).UnixMilli()))

	keys := e.client.Keys()
	_, err = keys.Key(t.Context(), e.name, e.signer.KeyID(), 0, true)
	require.NoError(t, err)
	_, err = keys.Key(t.Context(), e.name, old.ID, 999, true)
	require.NoError(t, err)
	_, err = keys.Key(t.Context(), e.name, old.ID, 1000, true)
	require.ErrorIs(t, err, signing.ErrSignature)
}

func TestNotary(t *testing.T) {
	a := newAuthority(t)
	notary, beta := newEndpoint(t, a), newEndpoint(t, a)
	alpha := newEndpointWith(t, a, config.Federation{Notaries: []string{notary.name}})
	_, err := notary.client.Keys().Key(t.Context(), beta.name, beta.signer.KeyID(), time.Now().UnixMilli(), true)
	require.NoError(t, err)
	beta.down()

	key, err := alpha.client.Keys().Key(t.Context(), beta.name, beta.signer.KeyID(), time.Now().UnixMilli(), true)
	require.NoError(t, err, "the notary remembers")
	require.True(t, key.Equal(beta.signer.Key.Public()))

	for _, tc := range [][3]string{
		{"GET", "/_matrix/key/v2/query/" + beta.name, ""},
		{"GET", "/_matrix/key/v2/query/" + beta.name + "?minimum_valid_until_ts=1", ""},
		{"POST", "/_matrix/key/v2/query", `{"server_keys":{"` + beta.name + `":{"ed25519:x":{"minimum_valid_until_ts":1}},"127.0.0.1:1":{}}}`},
	} {
		status, answer := post(notary, tc[0], tc[1], tc[2])
		require.Equal(t, 200, status, answer)
		list := gjson.Get(answer, "server_keys").Array()
		require.Len(t, list, 1, answer)
		require.NoError(t, signing.VerifyJSON(notary.name, notary.signer.KeyID(), notary.signer.Key.Public(), []byte(list[0].Raw)))
		require.NoError(t, signing.VerifyJSON(beta.name, beta.signer.KeyID(), beta.signer.Key.Public(), []byte(list[0].Raw)))
	}
	status, answer := post(notary, "POST", "/_matrix/key/v2/query", `{"server_keys":{}}`)
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"server_keys":[]}`, answer)
	for _, body := range []string{`{"server_keys":[]}`, `[]`, ``} {
		status, _ = post(notary, "POST", "/_matrix/key/v2/query", body)
		require.Equal(t, 400, status, body)
	}
}

func TestNotariesThatLie(t *testing.T) {
	a := newAuthority(t)
	notary := newEndpoint(t, a)
	victim, stranger := newKey(t), newKey(t)
	const name = "127.0.0.1:1" // nobody is there
	until := time.Now().Add(time.Hour)
	sign := func(raw []byte) []byte {
		signed, err := notary.signer.SignJSON(raw)
		require.NoError(t, err)
		return signed
	}
	honest := keyAnswerOf(t, name, until, []signing.Key{victim}, nil, victim)
	for lie, raw := range map[string][]byte{
		"not signed by the notary": honest,
		"signed by someone else":   mustSign(t, notary.name, signing.Key{ID: notary.signer.KeyID(), Private: stranger.Private}, honest),
		"not signed by its server": sign(keyAnswerOf(t, name, until, []signing.Key{victim}, nil)),
		"another server":           sign(keyAnswerOf(t, "other.example", until, []signing.Key{victim}, nil, victim)),
		"wrong self signature":     sign(keyAnswerOf(t, name, until, []signing.Key{victim}, nil, signing.Key{ID: victim.ID, Private: stranger.Private})),
		"nothing":                  nil,
	} {
		alpha := newEndpointWith(t, a, config.Federation{Notaries: []string{notary.name}})
		notary.answer(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/_matrix/key/v2/query" {
				return false
			}
			list := []json.RawMessage{}
			if raw != nil {
				list = append(list, raw)
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"server_keys": list})
			return true
		})
		_, err := alpha.client.Keys().Key(t.Context(), name, victim.ID, time.Now().UnixMilli(), true)
		require.ErrorIs(t, err, rooms.ErrKeysUnreachable, lie)
		stored, err := loadKeys(t.Context(), alpha.db, name)
		require.NoError(t, err)
		require.Empty(t, stored, lie)
	}
}

func mustSign(t testing.TB, name string, key signing.Key, raw []byte) []byte {
	t.Helper()
	signed, err := signing.SignJSON(name, key, raw)
	require.NoError(t, err)
	return signed
}

func TestKeysOutOfUseStayOutOfUse(t *testing.T) {
	e := newEndpoint(t, newAuthority(t))
	key, next := newKey(t), newKey(t)
	now := time.Now()
	take := func(raw []byte) {
		a, err := readKeyAnswer("b.example", raw, now.UnixMilli())
		require.NoError(t, err)
		_, err = e.client.Keys().take(t.Context(), a)
		require.NoError(t, err)
	}
	inUse := keyAnswerOf(t, "b.example", now.Add(time.Hour), []signing.Key{key}, nil, key)
	take(inUse)
	take(keyAnswerOf(t, "b.example", now.Add(time.Hour), []signing.Key{next}, map[string]any{
		key.ID: map[string]any{"key": signing.EncodeBase64(key.Public()), "expired_ts": now.UnixMilli()}}, next))
	take(inUse) // an old answer comes again
	_, err := e.client.Keys().Key(t.Context(), "b.example", key.ID, now.Add(time.Minute).UnixMilli(), true)
	require.ErrorIs(t, err, signing.ErrSignature)
	_, err = e.client.Keys().Key(t.Context(), "b.example", key.ID, now.Add(-time.Minute).UnixMilli(), true)
	require.NoError(t, err, "what it signed before still counts")
}
