package accounts

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

// node is one server's accounts on a real database, with rooms and other servers that tests move by hand.
type node struct {
	*Accounts
	t       testing.TB
	address string
	hub     *stream.Hub
	town    *town
	remote  *fakeRemote
	clock   *clock
	options Options
}

// clock is a time that only tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newNode(t testing.TB, change ...func(*Options)) *node {
	return newNodeAt(t, sqldbtest.SQLite(t), change...)
}

// onBoth runs a test on each database.
func onBoth(t *testing.T, test func(t *testing.T, n *node)) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) { test(t, newNodeAt(t, fresh())) })
}

func newNodeAt(t testing.TB, address string, change ...func(*Options)) *node {
	n := &node{t: t, address: address, town: newTown(), remote: newFakeRemote(),
		clock: &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	n.options = Options{Remote: n.remote, ServerName: "a.example", Now: n.clock.now, Log: sqldbtest.Quiet(), FastHash: true,
		OpenRegistration: true, Language: "en", RegistrationSecret: "secret"}
	for _, fn := range change {
		fn(&n.options)
	}
	n.start()
	t.Cleanup(n.stop)
	return n
}

func (n *node) start() {
	db, err := sqldb.Open(context.Background(), sqldb.Options{URL: n.address, Logger: sqldbtest.Quiet()})
	require.NoError(n.t, err)
	n.hub = stream.New(db, stream.Options{Logger: sqldbtest.Quiet()})
	n.options.DB, n.options.Hub = db, n.hub
	n.town.db, n.town.hub = db, n.hub
	n.Accounts, err = newWith(context.Background(), n.options, n.town)
	require.NoError(n.t, err)
}

func (n *node) stop() {
	require.NoError(n.t, n.Accounts.Close(context.Background()))
	require.NoError(n.t, n.options.DB.Close())
}

// restart ends the process and begins another on the same database.
func (n *node) restart() {
	n.stop()
	n.start()
}

func (n *node) user(localpart string) string {
	_, err := n.Register(ctx, Registration{Localpart: localpart, Password: "correct horse", NoLogin: true})
	require.NoError(n.t, err)
	return n.UserID(localpart)
}

func (n *node) device(userID, deviceID string) *Session {
	s, err := n.LoginAs(ctx, userID, deviceID, "", false)
	require.NoError(n.t, err)
	return s
}

var ctx = context.Background()

// fakeRemote is the other servers.
type fakeRemote struct {
	mu       sync.Mutex
	lists    map[string]*RemoteDeviceList
	profiles map[string]map[string]json.RawMessage
	keys     map[string]map[string]map[string]json.RawMessage
	down     error
	asked    map[string]int
}

func newFakeRemote() *fakeRemote {
	return &fakeRemote{lists: map[string]*RemoteDeviceList{}, profiles: map[string]map[string]json.RawMessage{}, asked: map[string]int{}}
}

func (f *fakeRemote) ask(what string) error {
	f.asked[what]++
	return f.down
}

func (f *fakeRemote) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[what]
}

func (f *fakeRemote) QueryProfile(_ context.Context, _, userID, _ string) (map[string]json.RawMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask("profile"); err != nil {
		return nil, err
	}
	if p := f.profiles[userID]; p != nil {
		return p, nil
	}
	return nil, ErrNotFound
}

func (f *fakeRemote) QueryKeys(_ context.Context, _ string, users map[string][]string) (*RemoteKeys, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask("keys"); err != nil {
		return nil, err
	}
	out := &RemoteKeys{DeviceKeys: map[string]map[string]json.RawMessage{"@eve:a.example": {"X": json.RawMessage(`{}`)}}}
	for id := range users {
		out.DeviceKeys[id] = map[string]json.RawMessage{}
		if list := f.lists[id]; list != nil {
			for _, d := range list.Devices {
				out.DeviceKeys[id][d.DeviceID] = d.Keys
			}
		}
	}
	return out, nil
}

func (f *fakeRemote) ClaimKeys(context.Context, string, map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys, f.ask("claim")
}

func (f *fakeRemote) UserDevices(_ context.Context, _, userID string) (*RemoteDeviceList, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask("devices"); err != nil {
		return nil, err
	}
	if list := f.lists[userID]; list != nil {
		copied := *list
		copied.Devices = slices.Clone(list.Devices)
		return &copied, nil
	}
	return nil, ErrNotFound
}

func sorted[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return list
}
