package encrypted

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Before a key can be given out, other servers are asked for devices and one-time keys, which may take ten seconds. Whoever has
// the vault must not wait for them: no other room would be read or answered meanwhile. So what turns out to be missing is asked for
// while nobody has the vault, and then the machine, which asks by itself, is given the answer (see committing).

// ahead is what is asked for ahead, for one message.
type ahead struct {
	wants string // what is missing, see below

	users   []id.UserID // whose devices are asked for
	devices []byte      // the answer; nil before
	stale   bool        // devices have changed since; guarded by asking.mu

	claims  mautrix.OneTimeKeysRequest
	oneTime []byte // the answer; nil before

	last bool // servers are asked whoever waits: what is known changes all the time
}

const (
	wantsDevices = "query"
	wantsOneTime = "claim"
	// maxAhead is how often something may turn out to be missing.
	maxAhead = 5
)

// errAskFirst is what a key is not given out for yet.
var errAskFirst = errors.New("servers have to be asked first")

type aheadKey struct{}

func withAhead(ctx context.Context, a *ahead) context.Context {
	return context.WithValue(ctx, aheadKey{}, a)
}

func aheadOf(ctx context.Context) *ahead {
	a, _ := ctx.Value(aheadKey{}).(*ahead)
	return a
}

// seal encrypts a message for everybody in a room: for who is there once nothing is missing, since others may leave while servers are
// asked.
func (b *Bot) seal(ctx context.Context, room id.RoomID, content map[string]any) (sealed *event.EncryptedEventContent, err error) {
	a := &ahead{}
	defer b.keys.asking.end(a)
	for try := 0; ; try++ {
		a.last = try == maxAhead
		people, err := b.membersOf(ctx, room)
		if err != nil {
			return nil, err
		}
		err = b.o.Vault.Together(ctx, func() (err error) {
			if err := b.share(withAhead(ctx, a), room, people); err != nil {
				return err
			}
			sealed, err = b.machine.EncryptMegolmEvent(ctx, room, event.EventMessage, content)
			return err
		})
		if errors.Is(err, errAskFirst) {
			err = b.ask(ctx, a)
		}
		if err != nil || sealed != nil {
			return sealed, err
		}
	}
}

// ask asks for what is missing.
func (b *Bot) ask(ctx context.Context, a *ahead) error {
	if a.wants == wantsDevices {
		b.keys.asking.begin(a)
	}
	body, answer := a.request()
	known, err := b.client.MakeRequest(ctx, http.MethodPost, b.client.BuildClientURL("v3", "keys", a.wants), body, nil)
	if err != nil {
		return fmt.Errorf("asking servers for keys: %w", err)
	}
	*answer = known
	return nil
}

// request is what asks for what is missing, and where its answer belongs.
func (a *ahead) request() (body any, answer *[]byte) {
	const timeout = 10_000 // ms
	if a.wants == wantsOneTime {
		return &mautrix.ReqClaimKeys{OneTimeKeys: a.claims, Timeout: timeout}, &a.oneTime
	}
	query := &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{}, Timeout: timeout}
	for _, user := range a.users {
		query.DeviceKeys[user] = mautrix.DeviceIDList{}
	}
	return query, &a.devices
}

// mayQuery reports whether devices may be asked for now; else they are asked for first.
func (b *Bot) mayQuery(a *ahead, users []id.UserID) bool {
	if a.last || a.devices != nil && slices.Equal(users, a.users) && !b.keys.asking.isStale(a) {
		return true
	}
	a.wants, a.users, a.devices = wantsDevices, users, nil
	return false
}

// mayClaim reports whether one-time keys may be asked for now.
func (a *ahead) mayClaim(claims mautrix.OneTimeKeysRequest) bool {
	if a.last || len(claims) == 0 || a.oneTime != nil && within(claims, a.claims) {
		return true
	}
	a.wants, a.claims, a.oneTime = wantsOneTime, claims, nil
	return false
}

func within(part, whole mautrix.OneTimeKeysRequest) bool {
	for user, devices := range part {
		for device := range devices {
			if _, ok := whole[user][device]; !ok {
				return false
			}
		}
	}
	return true
}

// answer returns what is known already of what a request asks for; nil where it has to be asked.
func (a *ahead) answer(r *http.Request) (*http.Response, error) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/keys/"+wantsDevices) && a.devices != nil:
		known := a.devices
		a.devices = nil
		return answered(r, known), nil
	case strings.HasSuffix(r.URL.Path, "/keys/"+wantsOneTime) && a.oneTime != nil:
		return a.answerClaim(r)
	}
	return nil, nil
}

// answerClaim leaves out what is not asked for any more: the machine expects nothing else.
func (a *ahead) answerClaim(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var asked mautrix.ReqClaimKeys
	if err := json.Unmarshal(body, &asked); err != nil || !within(asked.OneTimeKeys, a.claims) {
		return nil, err
	}
	var known struct {
		OneTimeKeys map[id.UserID]map[id.DeviceID]json.RawMessage `json:"one_time_keys"`
	}
	if err := json.Unmarshal(a.oneTime, &known); err != nil {
		return nil, fmt.Errorf("reading one-time keys: %w", err)
	}
	for user, devices := range known.OneTimeKeys {
		for device := range devices {
			if _, ok := asked.OneTimeKeys[user][device]; !ok {
				delete(devices, device)
			}
		}
	}
	a.oneTime = nil
	encoded, err := json.Marshal(known)
	return answered(r, encoded), err
}

func answered(r *http.Request, body []byte) *http.Response {
	return &http.Response{
		Status: http.StatusText(http.StatusOK), StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)), Request: r,
	}
}

// asking are the queries for devices that are under way, to know of changes that their answers may lack.
type asking struct {
	mu  sync.Mutex
	all map[*ahead]struct{}
}

func (s *asking) begin(a *ahead) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[*ahead]struct{}{}
	}
	s.all[a], a.stale = struct{}{}, false
}

func (s *asking) end(a *ahead) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, a)
}

func (s *asking) isStale(a *ahead) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.stale
}

// changed notes that devices of users have changed.
func (s *asking) changed(users []id.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.all {
		a.stale = a.stale || slices.ContainsFunc(users, func(user id.UserID) bool { return slices.Contains(a.users, user) })
	}
}
