package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"medixchange/internal/sqldb"
)

const (
	// defaultKeyTimeout and maxKeyTimeout bound how long a client's request waits for other servers.
	defaultKeyTimeout = 10 * time.Second
	maxKeyTimeout     = 30 * time.Second
	// maxKeyUsers bounds the users of one query.
	maxKeyUsers = 10000
	// fetchesAtOnce bounds the device lists fetched at a time for one query.
	fetchesAtOnce = 16
)

func keyTimeout(asked time.Duration) time.Duration {
	if asked <= 0 {
		return defaultKeyTimeout
	}
	return min(asked, maxKeyTimeout)
}

// QueryKeys returns the keys of users: local ones and those of remote users with whom a room is shared from the tables,
// others from their servers, which get at most timeout (10 seconds for 0). Servers that could not be reached are in
// Failures; what was known of their users before is returned all the same.
func (a *Accounts) QueryKeys(ctx context.Context, requester string, users map[string][]string, timeout time.Duration) (*KeysAnswer, error) {
	if len(users) > maxKeyUsers {
		return nil, ErrTooLarge.says("At most %d users at a time", maxKeyUsers)
	}
	q := &keyQuery{a: a, requester: requester, users: users, answer: &KeysAnswer{
		Failures: map[string]json.RawMessage{}, DeviceKeys: map[string]map[string]json.RawMessage{},
		MasterKeys: map[string]json.RawMessage{}, SelfSigningKeys: map[string]json.RawMessage{}, UserSigningKeys: map[string]json.RawMessage{},
	}}
	var local, remote []string
	for userID := range users {
		if a.IsLocal(userID) {
			local = append(local, userID)
		} else if serverOf(userID) != "" {
			remote = append(remote, userID)
		}
	}
	if err := q.addStored(ctx, local, readLocalKeys); err != nil {
		return nil, err
	}
	if len(remote) == 0 {
		return q.answer, nil
	}
	if err := q.addRemote(ctx, remote, keyTimeout(timeout)); err != nil {
		return nil, err
	}
	return q.answer, nil
}

// keyQuery is one QueryKeys.
type keyQuery struct {
	a         *Accounts
	requester string
	users     map[string][]string
	mu        sync.Mutex
	answer    *KeysAnswer
}

type readKeysFunc func(q sqldb.Querier, users []string, requester string) (map[string]*userKeys, error)

func (q *keyQuery) addStored(ctx context.Context, users []string, read readKeysFunc) error {
	if len(users) == 0 {
		return nil
	}
	var found map[string]*userKeys
	err := q.a.db.Read(ctx, func(s *sqldb.Snapshot) error {
		var err error
		found, err = read(s, users, q.requester)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	for _, userID := range users {
		q.add(userID, found[userID])
	}
	return nil
}

// add puts a user's keys into the answer, as far as they were asked for.
func (q *keyQuery) add(userID string, u *userKeys) {
	devices := map[string]json.RawMessage{}
	q.answer.DeviceKeys[userID] = devices
	if u == nil {
		return
	}
	wanted := q.users[userID]
	if len(wanted) == 0 {
		wanted = u.deviceIDs()
	}
	for _, id := range wanted {
		if d, ok := u.devices[id]; ok {
			devices[id] = withDisplayName(d)
		}
	}
	if u.master != nil {
		q.answer.MasterKeys[userID] = u.master
	}
	if u.selfSigning != nil {
		q.answer.SelfSigningKeys[userID] = u.selfSigning
	}
	if u.userSigning != nil {
		q.answer.UserSigningKeys[userID] = u.userSigning
	}
}

// withDisplayName adds unsigned.device_display_name.
func withDisplayName(d deviceEntry) json.RawMessage {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(d.keys, &fields) != nil {
		return d.keys
	}
	unsigned := map[string]string{}
	if d.name != "" {
		unsigned["device_display_name"] = d.name
	}
	var err error
	if fields["unsigned"], err = json.Marshal(unsigned); err != nil {
		return d.keys
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return d.keys
	}
	return out
}

// addRemote refreshes what is stale of those whose changes this server hears of, and asks for the others' keys.
func (q *keyQuery) addRemote(ctx context.Context, users []string, timeout time.Duration) error {
	fetch, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var followed []string
	strangers := map[string]map[string][]string{}
	for _, userID := range users {
		shared, err := q.a.rooms.JoinedRooms(ctx, userID)
		if err != nil {
			return fmt.Errorf("reading shared rooms: %w", err)
		}
		if len(shared) > 0 {
			followed = append(followed, userID)
			continue
		}
		server := serverOf(userID)
		if strangers[server] == nil {
			strangers[server] = map[string][]string{}
		}
		strangers[server][userID] = append([]string{}, q.users[userID]...)
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, fetchesAtOnce)
	run := func(server string, work func() error) {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := work(); err != nil {
				q.failed(server, err)
			}
		})
	}
	for _, userID := range followed {
		run(serverOf(userID), func() error { return q.a.ensureFresh(fetch, userID) })
	}
	for server, theirs := range strangers {
		run(server, func() error { return q.ask(fetch, server, theirs) })
	}
	group.Wait()
	return q.addStored(ctx, followed, readRemoteKeys)
}

// failed notes a server that gave no answer.
func (q *keyQuery) failed(server string, err error) {
	q.a.log.WithError(err).WithField("server", server).Info("another server's keys are not to be had")
	q.mu.Lock()
	defer q.mu.Unlock()
	q.answer.Failures[server] = failure(err)
}

// failure is what a client gets to know of a server's failure.
func failure(err error) json.RawMessage {
	if errors.Is(err, context.DeadlineExceeded) {
		return json.RawMessage(`{"status":504,"message":"The server did not answer in time"}`)
	}
	return json.RawMessage(`{"status":503,"message":"The server could not be reached"}`)
}

// ask takes the keys of users who share no room from their server. What it says of others is not believed.
func (q *keyQuery) ask(ctx context.Context, server string, users map[string][]string) error {
	if !q.a.mayReach(server) {
		return ErrForbidden.says("This server is not talked to")
	}
	keys, err := q.a.o.Remote.QueryKeys(ctx, server, users)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for userID := range users {
		if devices, ok := keys.DeviceKeys[userID]; ok && devices != nil {
			q.answer.DeviceKeys[userID] = devices
		}
		if key := keys.MasterKeys[userID]; present(key) {
			q.answer.MasterKeys[userID] = key
		}
		if key := keys.SelfSigningKeys[userID]; present(key) {
			q.answer.SelfSigningKeys[userID] = key
		}
	}
	return nil
}

func (a *Accounts) mayReach(server string) bool {
	return a.o.Remote != nil && (a.o.AllowServer == nil || a.o.AllowServer(server))
}

// LocalKeys answers another server's query for keys of local users; others are left out.
func (a *Accounts) LocalKeys(ctx context.Context, users map[string][]string) (*RemoteKeys, error) {
	local := map[string][]string{}
	for userID, devices := range users {
		if a.IsLocal(userID) {
			local[userID] = devices
		}
	}
	answer, err := a.QueryKeys(ctx, "", local, 0)
	if err != nil {
		return nil, err
	}
	return &RemoteKeys{DeviceKeys: answer.DeviceKeys, MasterKeys: answer.MasterKeys, SelfSigningKeys: answer.SelfSigningKeys}, nil
}

// claimsAtOnce bounds the keys claimed in one transaction.
const claimsAtOnce = 200

type oneClaim struct{ userID, deviceID, algorithm string }

// ClaimKeys claims one-time keys: user → device → algorithm. Each one-time key is given out once, also under
// concurrency and across a crash: it is deleted before it is answered. Devices without any are missing in the answer.
func (a *Accounts) ClaimKeys(ctx context.Context, keys map[string]map[string]string, timeout time.Duration) (*ClaimAnswer, error) {
	answer := &ClaimAnswer{Failures: map[string]json.RawMessage{}, OneTimeKeys: map[string]map[string]map[string]json.RawMessage{}}
	local := map[string]map[string]string{}
	remote := map[string]map[string]map[string]string{}
	for userID, devices := range keys {
		server := serverOf(userID)
		switch {
		case a.IsLocal(userID):
			local[userID] = devices
		case server != "":
			if remote[server] == nil {
				remote[server] = map[string]map[string]string{}
			}
			remote[server][userID] = devices
		}
	}
	var err error
	if answer.OneTimeKeys, err = a.ClaimLocalKeys(ctx, local); err != nil {
		return nil, err
	}
	fetch, cancel := context.WithTimeout(ctx, keyTimeout(timeout))
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	for server, theirs := range remote {
		group.Go(func() {
			claimed, err := a.claimFrom(fetch, server, theirs)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				a.log.WithError(err).WithField("server", server).Info("another server's one-time keys are not to be had")
				answer.Failures[server] = failure(err)
				return
			}
			for userID := range theirs {
				if devices := claimed[userID]; len(devices) > 0 {
					answer.OneTimeKeys[userID] = devices
				}
			}
		})
	}
	group.Wait()
	return answer, nil
}

func (a *Accounts) claimFrom(ctx context.Context, server string, keys map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error) {
	if !a.mayReach(server) {
		return nil, ErrForbidden.says("This server is not talked to")
	}
	return a.o.Remote.ClaimKeys(ctx, server, keys)
}

// ClaimLocalKeys is ClaimKeys for local users only, as other servers ask.
func (a *Accounts) ClaimLocalKeys(ctx context.Context, keys map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error) {
	var claims []oneClaim
	for userID, devices := range keys {
		for deviceID, algorithm := range devices {
			claims = append(claims, oneClaim{userID, deviceID, algorithm})
		}
	}
	out := map[string]map[string]map[string]json.RawMessage{}
	for len(claims) > 0 {
		n := min(len(claims), claimsAtOnce)
		if err := a.claim(ctx, claims[:n], out); err != nil {
			return nil, fmt.Errorf("claiming one-time keys: %w", err)
		}
		claims = claims[n:]
	}
	return out, nil
}

func (a *Accounts) claim(ctx context.Context, claims []oneClaim, out map[string]map[string]map[string]json.RawMessage) error {
	var taken map[oneClaim]namedKey
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		taken = map[oneClaim]namedKey{}
		for _, c := range claims {
			k, ok, err := takeOneTimeKey(tx, c.userID, c.deviceID, c.algorithm)
			if err != nil {
				return err
			}
			if ok {
				taken[c] = k
				a.keyCountsChanged(tx, c.userID, c.deviceID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for c, k := range taken {
		if out[c.userID] == nil {
			out[c.userID] = map[string]map[string]json.RawMessage{}
		}
		out[c.userID][c.deviceID] = map[string]json.RawMessage{k.algorithm + ":" + k.id: k.key}
	}
	return nil
}
