package encrypted

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"
)

type object = map[string]any

// distant is a homeserver whose users are on servers that take their time: requests under hold wait until they are let go.
type distant struct {
	t       *testing.T
	account *crypto.OlmAccount // of the only device, PHONE of @a:y
	held    chan string        // paths that wait
	letGo   chan struct{}

	mu    sync.Mutex
	asked map[string]int // by path
	given []string       // devices that were sent a key
	empty bool           // @a:y has left the room
}

// newDistant returns such a homeserver and a bot there.
func newDistant(t *testing.T) (*distant, *Bot) {
	t.Helper()
	d := &distant{t: t, account: crypto.NewOlmAccount(), held: make(chan string), letGo: make(chan struct{}), asked: map[string]int{}}
	require.NoError(t, d.account.Internal.GenOneTimeKeys(1))
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(d.letGo) })
	b := idleBot(t)
	var err error
	b.client, err = mautrix.NewClient(server.URL, "@bot:x", "token")
	require.NoError(t, err)
	b.client.DeviceID = "BOT"
	b.client.Client = &http.Client{Transport: &committing{vault: b.o.Vault}}
	silent := zerolog.Nop()
	b.client.Log = silent
	b.machine = b.newMachine(&silent)
	require.NoError(t, b.machine.Load(t.Context()))
	return d, b
}

// waits returns when a request under hold is made.
func (d *distant) waits(path string) {
	d.t.Helper()
	select {
	case held := <-d.held:
		require.Equal(d.t, path, held)
	case <-time.After(20 * time.Second):
		d.t.Fatal("nothing is asked for")
	}
}

// says sends a message to the ward.
func (b *Bot) says(t *testing.T, txn string) (sent chan error) {
	sent = make(chan error, 1)
	go func() {
		_, err := b.Send(t.Context(), ward.String(), txn, object{"msgtype": "m.notice", "body": "hello"}, "es")
		sent <- err
	}()
	return sent
}

func (d *distant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/_matrix/client/v3")
	var answer any = object{}
	switch {
	case strings.HasSuffix(path, "/members") && !d.isEmpty():
		answer = object{"chunk": []object{{"type": "m.room.member", "state_key": "@a:y", "content": object{"membership": "join"}}}}
	case path == "/keys/query" && gjson.GetBytes(body, "device_keys.@a:y").Exists(): // not the bot's own
		d.hold(path)
		answer = object{"device_keys": object{"@a:y": object{"PHONE": d.deviceKeys()}}}
	case path == "/keys/claim":
		d.hold(path)
		answer = object{"one_time_keys": object{"@a:y": object{"PHONE": d.oneTimeKey()}}}
	case strings.Contains(path, "/sendToDevice/"):
		d.mu.Lock()
		for name := range gjson.GetBytes(body, `messages.@a:y`).Map() {
			d.given = append(d.given, name)
		}
		d.mu.Unlock()
	case strings.Contains(path, "/send/m.room.encrypted/"):
		answer = object{"event_id": "$sent"}
	case strings.Contains(path, "/state/m.room.encryption"):
		answer = object{"algorithm": "m.megolm.v1.aes-sha2"}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		d.t.Error(err)
	}
}

func (d *distant) isEmpty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.empty
}

func (d *distant) hold(path string) {
	d.mu.Lock()
	d.asked[path]++
	d.mu.Unlock()
	d.held <- path
	<-d.letGo
}

func (d *distant) deviceKeys() mautrix.DeviceKeys {
	keys := mautrix.DeviceKeys{
		UserID: "@a:y", DeviceID: "PHONE", Algorithms: []id.Algorithm{id.AlgorithmMegolmV1, id.AlgorithmOlmV1},
		Keys: mautrix.KeyMap{
			id.NewDeviceKeyID(id.KeyAlgorithmCurve25519, "PHONE"): string(d.account.IdentityKey()),
			id.NewDeviceKeyID(id.KeyAlgorithmEd25519, "PHONE"):    string(d.account.SigningKey()),
		},
	}
	keys.Signatures = d.sign(keys)
	return keys
}

func (d *distant) oneTimeKey() object {
	all, err := d.account.Internal.OneTimeKeys()
	if err != nil {
		d.t.Error(err)
	}
	for name, public := range all {
		key := object{"key": public}
		key["signatures"] = d.sign(key)
		return object{"signed_curve25519:" + name: key}
	}
	return nil
}

func (d *distant) sign(what any) signatures.Signatures {
	signature, err := d.account.SignJSON(what)
	if err != nil {
		d.t.Error(err)
	}
	return signatures.NewSingleSignature("@a:y", id.KeyAlgorithmEd25519, "PHONE", signature)
}

// TestNobodyWaitsWhileOtherServersAreAskedForKeys: neither what is read nor what is answered elsewhere, while one of them takes
// its ten seconds.
func TestNobodyWaitsWhileOtherServersAreAskedForKeys(t *testing.T) {
	d, b := newDistant(t)
	sent := b.says(t, "txn")
	free := func(during string) {
		t.Helper()
		d.waits(during)
		had := make(chan error, 1)
		go func() { had <- b.o.Vault.Together(t.Context(), func() error { return nil }) }()
		select {
		case err := <-had:
			require.NoError(t, err)
		case <-time.After(20 * time.Second):
			t.Error("the vault is not free")
		}
	}
	free("/keys/query")
	require.NoError(t, b.o.Vault.Together(t.Context(), func() error {
		return b.keys.MarkTrackedUsersOutdated(t.Context(), []id.UserID{"@a:y"}) // the answer may be of before this change
	}))
	d.letGo <- struct{}{}
	free("/keys/query")
	d.letGo <- struct{}{}
	free("/keys/claim")
	d.letGo <- struct{}{}
	select {
	case err := <-sent:
		require.NoError(t, err)
	case path := <-d.held:
		t.Fatal("asked again: " + path)
	}
	require.Equal(t, []string{"PHONE"}, d.given)
	require.Equal(t, 2, d.asked["/keys/query"])
	require.Equal(t, 1, d.asked["/keys/claim"])

	require.NoError(t, <-b.says(t, "txn2"))
	require.Equal(t, 2, d.asked["/keys/query"], "nothing is missing any more")
}

// TestWhoLeavesWhileServersAreAskedGetsNoKey: the message is said after they have left.
func TestWhoLeavesWhileServersAreAskedGetsNoKey(t *testing.T) {
	d, b := newDistant(t)
	sent := b.says(t, "txn")
	d.waits("/keys/query")
	d.letGo <- struct{}{}
	d.waits("/keys/claim")
	d.mu.Lock()
	d.empty = true
	d.mu.Unlock()
	b.forgetMembers(ward)
	d.letGo <- struct{}{}
	require.NoError(t, <-sent)
	require.Empty(t, d.given)
}
