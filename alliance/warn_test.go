package alliance_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"medixchange/alliance"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/sqldb/sqldbtest"
)

// asked is a network of which nothing comes, and which knows how often it was asked.
type asked struct{ times atomic.Int64 }

func (a *asked) AlliancePage(context.Context, string, string, int64) ([]byte, error) {
	a.times.Add(1)
	return nil, errAway
}

func (a *asked) AllianceHint(context.Context, string) error { return errAway }

// TestTheLogWarnsLongBeforeTheGateCloses looks at a node whose peers are all away, at times around the end of its list.
func TestTheLogWarnsLongBeforeTheGateCloses(t *testing.T) {
	council := signedtest.NewCommittee(t, "ana", "bo", "chen")
	pinned := council.Charter(t)
	list := council.List(t, pinned, nil, both, signedtest.Hospital("in.example"))
	for _, at := range []struct {
		name  string
		when  time.Time
		says  string // "" for nothing
		level logrus.Level
		open  bool
	}{
		{"weeks before", list.Expires().Add(-15 * 24 * time.Hour), "", 0, true},
		{"two weeks before", list.Expires().Add(-14*24*time.Hour + time.Minute), "ends soon", logrus.WarnLevel, true},
		{"within the time of grace", list.Expires().Add(grace - time.Minute), "holds for the time of grace", logrus.ErrorLevel, true},
		{"after it", list.Expires().Add(grace + time.Minute), "no other server is let in", logrus.ErrorLevel, false},
	} {
		log, hook := test.NewNullLogger()
		c, peer, db := &clock{signedtest.Epoch}, &asked{}, sqldbtest.Open(t, sqldbtest.SQLite(t))
		gate := alliance.NewGate(alliance.GateOptions{Self: "self.example", Mode: alliance.ModeMembers, Grace: grace, Now: c.Now})
		k, err := alliance.NewKeeper(t.Context(), alliance.Options{
			DB: db, Gate: gate, Pinned: pinned, Remote: peer, Self: "self.example", Peers: []string{"peer.example"}, MayAsk: func(string) bool { return true },
			Poll: time.Millisecond, Warn: 14 * 24 * time.Hour, Now: c.Now, Log: logrus.NewEntry(log),
		})
		require.NoError(t, err)
		_, err = k.TakeMembers(t.Context(), list.Raw(), "")
		require.NoError(t, err)
		hook.Reset()
		c.now = at.when

		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(ctx) }()
		// Each round asks the peer and the member: the third has begun only after the ends of the first two.
		require.Eventually(t, func() bool { return peer.times.Load() >= 5 }, 30*time.Second, time.Millisecond)
		stop()
		<-ended
		said := map[string]logrus.Level{}
		for _, e := range hook.AllEntries() {
			if e.Level <= logrus.WarnLevel {
				said[e.Message] = e.Level
			}
		}
		require.Equal(t, at.open, gate.Allows("in.example"), at.name)
		if at.says == "" {
			require.Empty(t, said, at.name)
		} else {
			require.Len(t, said, 1, at.name)
			for message, level := range said {
				require.Contains(t, message, at.says, at.name)
				require.Equal(t, at.level, level, at.name)
			}
		}
		require.NoError(t, db.Close())
	}
}
