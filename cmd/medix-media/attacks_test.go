package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/testhospital"
)

// attack is something that must be refused, and leave a line in the log that holds texts.
type attack struct {
	name   string
	try    func(t *testing.T) (status int)
	status int
	logged []string
}

// under sees that each attack is refused and logged, and that the log holds no secrets.
func under(t *testing.T, h *testhospital.Hospital, attacks []attack, secrets func() []string) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			before := len(h.Logged(a.logged...))
			require.Equal(t, a.status, a.try(t))
			within(t, "nothing is logged: "+strings.Join(a.logged, ", "), func() bool { return len(h.Logged(a.logged...)) > before })
		})
	}
	for _, secret := range secrets() {
		require.NotEmpty(t, secret)
		require.Empty(t, h.Logged(secret), "the log holds a secret")
	}
}

// asksService asks as deployed clients do, and returns the status.
func asksService(t *testing.T, h *testhospital.Hospital, room, device string, proof map[string]any) int {
	t.Helper()
	body, err := json.Marshal(map[string]any{"room": room, "device_id": device, "openid_token": proof})
	require.NoError(t, err)
	return send(t, h, http.MethodPost, "/livekit/jwt/sfu/get", "", string(body)).status
}

func TestForgedAndReplayedProofsAreRefusedAndLogged(t *testing.T) {
	m := meet(t)
	stranger := m.a.User("stranger")
	liar := testhospital.Stranger(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"sub":%q}`, m.ana.ID)
	}))
	var mu sync.Mutex
	var secrets []string
	proves := func(u *testhospital.User, change func(proof map[string]any)) map[string]any {
		proof := openID(u)
		change(proof)
		mu.Lock()
		defer mu.Unlock()
		secrets = append(secrets, proof["access_token"].(string))
		return proof
	}
	at := func(server string) map[string]any {
		return proves(m.bo, func(p map[string]any) { p["matrix_server_name"] = server })
	}
	tried := func(proof func() map[string]any) func(*testing.T) int {
		return func(t *testing.T) int { return asksService(t, m.a, m.room, m.ana.DeviceID, proof()) }
	}
	const refused = "an OpenID token was refused"
	attacks := []attack{
		{"a token for a room one is not in", func(t *testing.T) int {
			status, _, _ := askToken(stranger, m.a, m.urlA, m.room)
			return status
		}, http.StatusForbidden, []string{"no token for a conference", stranger.ID, "not joined"}},
		{"the same with OpenID", func(t *testing.T) int {
			return asksService(t, m.a, m.room, stranger.DeviceID, proves(stranger, func(map[string]any) {}))
		}, http.StatusForbidden, []string{"no token for a conference", stranger.ID, "not joined"}},
		{"a token that nobody gave", tried(func() map[string]any {
			return proves(m.ana, func(p map[string]any) { p["access_token"] = "mdxs_made_up" })
		}), http.StatusUnauthorized, []string{refused}},
		{"an access token in its place", tried(func() map[string]any {
			return proves(m.ana, func(p map[string]any) { p["access_token"] = m.ana.Token })
		}), http.StatusUnauthorized, []string{refused}},
		{"another hospital's token as ours", tried(func() map[string]any { return at(m.a.Name) }), http.StatusUnauthorized, []string{refused}},
		{"a server that says that it is our user", tried(func() map[string]any { return at(liar) }), http.StatusUnauthorized,
			[]string{refused, "another server's user"}},
		{"a token that has ended", tried(func() map[string]any {
			proof := proves(m.ana, func(map[string]any) {})
			require.NoError(t, m.a.Node().DB.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(`UPDATE login_tokens SET expires_ts = 1 WHERE user_id = $1`, m.ana.ID)
				return err
			}))
			return proof
		}), http.StatusUnauthorized, []string{refused}},
		{"another device's token", func(t *testing.T) int {
			return asksService(t, m.a, m.room, m.ana.Login().DeviceID, proves(m.ana, func(map[string]any) {}))
		}, http.StatusUnauthorized, []string{"another device's", m.ana.ID}},
		{"a device that is not logged in", func(t *testing.T) int {
			proof := proves(m.ana, func(map[string]any) {})
			require.NoError(t, m.a.Node().DB.Write(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(`UPDATE login_tokens SET device_id = '' WHERE user_id = $1`, m.ana.ID) // as before they were for one
				return err
			}))
			return asksService(t, m.a, m.room, "NOWHERE", proof)
		}, http.StatusForbidden, []string{"no token for a conference", m.ana.ID, "the device is not logged in"}},
		{"a token that somebody else has seen", func(t *testing.T) int {
			proof := proves(m.bo, func(map[string]any) {})
			require.Equal(t, http.StatusOK, asksService(t, m.a, m.room, m.bo.DeviceID, proof))
			return asksService(t, m.a, m.room, "MALLORY", proof)
		}, http.StatusUnauthorized, []string{"used again for something else", m.bo.ID}},
		{"a foreign SFU", func(t *testing.T) int {
			status, _, _ := askToken(m.ana, m.a, "wss://evil.example/livekit/sfu", m.room)
			return status
		}, http.StatusBadRequest, []string{"a token was asked for a foreign SFU", m.ana.ID}},
		{"a foreign SFU before ours", func(t *testing.T) int {
			status, _, _ := askToken(m.ana, m.a, strings.Replace(m.urlA, "ws://", "ws://evil@", 1), m.room)
			return status
		}, http.StatusBadRequest, []string{"a token was asked for a foreign SFU", m.ana.ID}},
		{"a foreign SFU, by another hospital's user", func(t *testing.T) int {
			status, _, _ := askToken(m.bo, m.a, "wss://evil.example/livekit/sfu", m.room)
			return status
		}, http.StatusBadRequest, []string{"a token was asked for a foreign SFU", m.b.Name}},
	}
	for _, name := range []string{
		m.b.Name + "/../", m.b.Name + "#", m.b.Name + "?x=", "x@" + m.b.Name, m.b.Name + "\x00", "127.0.0.1:1", "localhost", strings.Repeat("a", 300),
		"evil.example\r\nHost: " + m.b.Name, "[::ffff:127.0.0.1]", "..", " " + m.b.Name,
	} {
		attacks = append(attacks, attack{fmt.Sprintf("a server called %.40q", name), tried(func() map[string]any { return at(name) }), http.StatusUnauthorized, []string{refused}})
	}
	under(t, m.a, attacks, func() []string { return secrets })
}

// TestAnOpenIDTokenIsGoodForOneOfThoseWhoComeWithItAtOnce: replayed in the same moment it serves the first alone.
func TestAnOpenIDTokenIsGoodForOneOfThoseWhoComeWithItAtOnce(t *testing.T) {
	m := meet(t)
	for range 5 {
		proof := openID(m.bo)
		var given atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if asksService(t, m.a, m.room, fmt.Sprint("DEVICE", i), proof) == http.StatusOK {
					given.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, int32(1), given.Load())
	}
}

// report sends something in the name of the SFU.
func report(t *testing.T, h *testhospital.Hospital, body, authorization string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, h.URL+"/livekit/webhook", bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	req.Header.Set("Authorization", authorization)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

func TestForgedReportsOfTheSFUAreRefusedAndLogged(t *testing.T) {
	m := meet(t)
	_, member, _ := askToken(m.ana, m.a, m.urlA, m.room)
	text, err := os.ReadFile(filepath.Join(m.a.Config.DataDir, "sfu-keys.json"))
	require.NoError(t, err)
	var key struct{ Key, Secret string }
	require.NoError(t, json.Unmarshal(text, &key))
	const body = `{"event":"participant_left","id":"EV_1","room":{"name":"x"},"participant":{"identity":"y"}}`
	var secrets []string
	sign := func(issuer, secret, of string, ends time.Duration) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret)}, nil)
		require.NoError(t, err)
		sum := sha256.Sum256([]byte(of))
		token, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: issuer, Expiry: jwt.NewNumericDate(time.Now().Add(ends))}).
			Claims(map[string]any{"sha256": base64.StdEncoding.EncodeToString(sum[:])}).Serialize()
		require.NoError(t, err)
		secrets = append(secrets, token)
		return token
	}
	hour := time.Hour
	other := strings.Repeat("x", len(key.Secret))
	forged := []attack{}
	for name, authorization := range map[string]string{
		"unsigned": "", "nonsense": "nonsense", "by a member's token": member, "by another key": sign(key.Key, other, body, hour),
		"by a key of another name": sign("other", key.Secret, body, hour), "of another body": sign(key.Key, key.Secret, body+" ", hour),
		"an old one": sign(key.Key, key.Secret, body, -hour), "by no algorithm": "eyJhbGciOiJub25lIn0.e30.",
	} {
		forged = append(forged, attack{name, func(t *testing.T) int { return report(t, m.a, body, authorization) }, http.StatusUnauthorized,
			[]string{"a report in the name of the SFU was refused", "127.0.0.1"}})
	}
	huge := strings.Repeat(" ", 2<<20)
	forged = append(forged, attack{"a huge one", func(t *testing.T) int { return report(t, m.a, huge, sign(key.Key, key.Secret, huge, hour)) },
		http.StatusUnauthorized, []string{"a report in the name of the SFU was refused", "too large"}})
	under(t, m.a, forged, func() []string { return append(secrets, member, key.Secret) })
	require.Equal(t, http.StatusOK, report(t, m.a, body, sign(key.Key, key.Secret, body, hour)), "what is right is taken")
}

func TestTricksWithNamesOfRecordingsAreRefusedAndLogged(t *testing.T) {
	m := meet(t, recorded)
	attacks := []attack{}
	for _, path := range []string{
		"abcdefgh/tracks/..%2f..%2fmedix.db", "abcdefgh/tracks/%2fetc%2fpasswd", strings.Repeat("a", 4000) + "/manifest.json", "abcdefgh/tracks/" + strings.Repeat("a", 4000),
		"abcdefgh@127.0.0.1:1%2f..%2f/manifest.json", "%252e%252e/manifest.json", "abcdefgh/%e2%80%ae/manifest.json",
	} {
		attacks = append(attacks, attack{fmt.Sprintf("%.40s", path), func(t *testing.T) int {
			return send(t, m.a, http.MethodGet, "/replay/"+path, m.ana.Token, "").status
		}, http.StatusNotFound, []string{"no recording for whoever asked", m.ana.ID}})
	}
	for _, path := range []string{"abcdefgh/tracks/a1.ogg%00", "abcdefgh%00/manifest.json", "abcdefgh/%ff/manifest.json"} {
		attacks = append(attacks, attack{path, func(t *testing.T) int {
			return send(t, m.a, http.MethodGet, "/replay/"+path, m.ana.Token, "").status
		}, http.StatusBadRequest, []string{"an address was refused", "api=replay"}})
	}
	under(t, m.a, attacks, func() []string { return []string{m.ana.Token} })
	for _, path := range []string{"..%2fabcdefgh/manifest.json", "%2fabcdefgh/manifest.json", "%2e%2e/%2e%2e/etc/passwd"} {
		require.Equal(t, http.StatusNotFound, send(t, m.a, http.MethodGet, "/replay/"+path, m.ana.Token, "").status, "leads out of the pages")
	}
	for _, line := range m.a.Logged("no recording for whoever asked") {
		require.Less(t, len(line), 1000, "names from outside are cut")
	}
}
