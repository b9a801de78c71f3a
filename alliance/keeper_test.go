package alliance_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/alliance"
	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// network is keepers that reach each other by name.
type network struct {
	mu      sync.Mutex
	keepers map[string]*alliance.Keeper
	hints   []string
}

var errAway = errors.New("away")

func (n *network) keeper(server string) (*alliance.Keeper, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := n.keepers[server]; k != nil {
		return k, nil
	}
	return nil, errAway
}

func (n *network) AlliancePage(_ context.Context, server, path string, max int64) ([]byte, error) {
	k, err := n.keeper(server)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(path)
	if err != nil {
		return nil, err
	}
	var page []byte
	switch u.Path {
	case "/head":
		page, err = k.HeadPage()
	case "/charters":
		after, _ := strconv.ParseInt(u.Query().Get("after"), 10, 64)
		page, err = k.ChartersPage(after)
	case "/members":
		page, _ = k.MembersPage()
	}
	if int64(len(page)) > max {
		return nil, errAway
	}
	return page, err
}

func (n *network) AllianceHint(_ context.Context, server string) error {
	n.mu.Lock()
	n.hints = append(n.hints, server)
	n.mu.Unlock()
	k, err := n.keeper(server)
	if err == nil {
		k.Hinted("hinter.example")
	}
	return err
}

type keeperWorld struct {
	t       *testing.T
	net     *network
	clock   *clock
	council signedtest.Committee
	pinned  *signed.Charter
}

func newKeeperWorld(t *testing.T) *keeperWorld {
	council := signedtest.NewCommittee(t, "ana", "bo", "chen", "dora")
	return &keeperWorld{t, &network{keepers: map[string]*alliance.Keeper{}}, &clock{signedtest.Epoch}, council, council.Charter(t)}
}

// open starts a keeper on a database.
func (w *keeperWorld) open(name string, db *sqldb.DB, peers ...string) (*alliance.Keeper, *alliance.Gate) {
	w.t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	gate := alliance.NewGate(alliance.GateOptions{Self: name, Mode: alliance.ModeMembers, Grace: grace, Now: w.clock.Now})
	k, err := alliance.NewKeeper(context.Background(), alliance.Options{
		DB: db, Gate: gate, Pinned: w.pinned, Remote: w.net, Self: name, Peers: peers, MayAsk: func(string) bool { return true },
		Poll: time.Hour, Warn: 14 * 24 * time.Hour, Now: w.clock.Now, Log: logrus.NewEntry(log),
	})
	require.NoError(w.t, err)
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	w.net.keepers[name] = k
	return k, gate
}

func (w *keeperWorld) db() *sqldb.DB {
	db := sqldbtest.Open(w.t, sqldbtest.SQLite(w.t))
	w.t.Cleanup(func() { require.NoError(w.t, db.Close()) })
	return db
}

var both = []string{"ana", "bo"}

func TestWhatIsTakenHoldsAlsoAfterARestart(t *testing.T) {
	w := newKeeperWorld(t)
	db := w.db()
	k, gate := w.open("self.example", db)
	require.False(t, gate.Allows("in.example"))
	list := w.council.List(t, w.pinned, nil, both, signedtest.Hospital("in.example"))
	took, err := k.TakeMembers(context.Background(), list.Raw(), "peer.example")
	require.NoError(t, err)
	require.True(t, took)
	require.True(t, gate.Allows("in.example"))
	took, err = k.TakeMembers(context.Background(), list.Raw(), "peer.example")
	require.NoError(t, err)
	require.False(t, took, "the same again")

	again, gate := w.open("self.example", db)
	require.True(t, gate.Allows("in.example"))
	require.Equal(t, list.Hash(), again.Members().Hash())
}

func TestARefusedListChangesNothingAndIsInTheLogOnce(t *testing.T) {
	w := newKeeperWorld(t)
	k, gate := w.open("self.example", w.db())
	ctx := context.Background()
	one := w.council.List(t, w.pinned, nil, both, signedtest.Hospital("in.example"))
	two := w.council.List(t, w.pinned, one, both, signedtest.Hospital("second.example"))
	_, err := k.TakeMembers(ctx, two.Raw(), "")
	require.NoError(t, err)
	expired := w.council.List(t, w.pinned, two, both)
	for _, tc := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"signed by one", w.council.List(t, w.pinned, two, []string{"ana"}).Raw(), signed.ErrSignatures},
		{"signed by a stranger", w.council.List(t, w.pinned, two, []string{"ana", "dora"}).Raw(), signed.ErrSignatures},
		{"older", one.Raw(), signed.ErrOlder},
		{"another with the same serial", w.council.List(t, w.pinned, one, both).Raw(), signed.ErrFork},
		{"half of it", two.Raw()[:len(two.Raw())/2], signed.ErrMalformed},
		{"a charter", w.pinned.Raw(), signed.ErrMalformed},
		{"nothing", nil, signed.ErrMalformed},
	} {
		for range 3 {
			took, err := k.TakeMembers(ctx, tc.raw, "peer.example")
			require.ErrorIs(t, err, tc.want, tc.name)
			require.False(t, took)
		}
		require.Equal(t, two.Hash(), k.Members().Hash())
	}
	w.clock.now = expired.Expires()
	_, err = k.TakeMembers(ctx, expired.Raw(), "peer.example")
	require.ErrorIs(t, err, signed.ErrOlder, "ended")
	require.True(t, gate.Allows("second.example"))

	entries, err := k.Audit(ctx, 0, 100)
	require.NoError(t, err)
	var refused int
	for _, e := range entries {
		if e.Action == "members refused" {
			refused++
		}
	}
	require.Equal(t, 5, refused, "each content and reason once; what is only older is no news")
}

func TestNewsReachesThoseWhoOnlyKnowAPeer(t *testing.T) {
	w := newKeeperWorld(t)
	ctx := context.Background()
	a, _ := w.open("a.example", w.db())
	b, gate := w.open("b.example", w.db(), "a.example")
	list := w.council.List(t, w.pinned, nil, both, signedtest.Hospital("a.example"), signedtest.Hospital("b.example"), signedtest.Hospital("c.example"))
	_, err := a.TakeMembers(ctx, list.Raw(), "")
	require.NoError(t, err)
	b.Poll(ctx)
	require.True(t, gate.Allows("c.example"))

	// The coordinators replace bo; who was away takes both documents in one round.
	next := w.pinned.Next(signedtest.Epoch)
	next.Coordinators[1] = w.council.Coordinator("dora")
	raw, err := next.Draft()
	require.NoError(t, err)
	charter, err := signed.ReadCharter(w.council.Sign(t, raw, "ana", "chen"))
	require.NoError(t, err)
	_, err = a.TakeCharter(ctx, charter.Raw(), "")
	require.NoError(t, err)
	out := signedtest.Hospital("c.example")
	out.Status = signed.Suspended
	_, err = a.TakeMembers(ctx, w.council.List(t, charter, list, []string{"chen", "dora"}, out).Raw(), "")
	require.NoError(t, err)
	b.Poll(ctx)
	require.Equal(t, int64(2), b.Charter().Version)
	require.False(t, gate.Allows("c.example"))
	require.Equal(t, a.Head(), b.Head())
	require.Contains(t, w.net.hints, "c.example", "b tells others")
}

func TestHintsNeverPutOffTheNextRound(t *testing.T) {
	w := newKeeperWorld(t)
	a, _ := w.open("a.example", w.db())
	b, gate := w.open("b.example", w.db(), "a.example")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	_, err := a.TakeMembers(ctx, w.council.List(t, w.pinned, nil, both, signedtest.Hospital("a.example"), signedtest.Hospital("c.example")).Raw(), "")
	require.NoError(t, err)
	b.Hinted("a.example")
	require.Eventually(t, func() bool { return gate.Allows("c.example") }, 20*time.Second, time.Millisecond)
	for range 1000 {
		b.Hinted("nobody.example") // more than wait: those are left to the next round
	}
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)
}

func TestAnotherPinnedCharterLeavesOutWhatTheOldOneTook(t *testing.T) {
	w := newKeeperWorld(t)
	db := w.db()
	k, _ := w.open("self.example", db)
	_, err := k.TakeMembers(context.Background(), w.council.List(t, w.pinned, nil, both, signedtest.Hospital("in.example")).Raw(), "")
	require.NoError(t, err)
	w.pinned = signedtest.NewCommittee(t, "ana", "bo", "chen").Charter(t)
	k, gate := w.open("self.example", db)
	require.Nil(t, k.Members())
	require.False(t, gate.Allows("in.example"))
}

func TestAChangedLogIsNoticed(t *testing.T) {
	w := newKeeperWorld(t)
	db := w.db()
	k, _ := w.open("self.example", db)
	ctx := context.Background()
	var list *signed.MemberList
	for range 4 {
		list = w.council.List(t, w.pinned, list, both)
		_, err := k.TakeMembers(ctx, list.Raw(), "peer.example")
		require.NoError(t, err)
	}
	entries, err := k.Audit(ctx, 0, 100)
	require.NoError(t, err)
	require.Len(t, entries, 4)
	rest, err := k.Audit(ctx, 2, 1)
	require.NoError(t, err)
	require.Equal(t, entries[2:3], rest)
	require.NoError(t, db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE alliance_audit SET actor = $1 WHERE audit_id = $2`, "nobody", 3)
		return err
	}))
	entries, err = k.Audit(ctx, 0, 100)
	require.ErrorIs(t, err, alliance.ErrAuditBroken)
	require.Len(t, entries, 2)
}

func TestAnswersOfHostilePeersAreHarmless(t *testing.T) {
	w := newKeeperWorld(t)
	k, gate := w.open("self.example", w.db(), "hostile.example")
	for _, head := range []string{``, `[]`, `{"alliance":"exchange.example","charter":99}`, `{"alliance":"exchange.example","charter":1,"serial":7,"members_hash":"x"}`} {
		for _, page := range []string{``, `{`, `{"charters":[1,"x",{}]}`, strings.Repeat(`[`, 1000)} {
			hostile := hostilePeer{"/head": head, "/charters": page, "/members": page}
			other, err := alliance.NewKeeper(context.Background(), alliance.Options{
				DB: w.db(), Gate: gate, Pinned: w.pinned, Remote: hostile, Self: "self.example", Peers: []string{"hostile.example"},
				MayAsk: func(string) bool { return true }, Poll: time.Hour, Now: w.clock.Now, Log: silent(),
			})
			require.NoError(t, err)
			other.Poll(context.Background())
			require.Nil(t, other.Members())
		}
	}
	require.True(t, json.Valid(k.Charter().Raw()))
}

type hostilePeer map[string]string

func (h hostilePeer) AlliancePage(_ context.Context, _, path string, _ int64) ([]byte, error) {
	path, _, _ = strings.Cut(path, "?")
	return []byte(h[path]), nil
}

func (hostilePeer) AllianceHint(context.Context, string) error { return nil }

func silent() *logrus.Entry {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return logrus.NewEntry(log)
}
