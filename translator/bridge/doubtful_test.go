package bridge

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
)

// Nobody looks at statistics every day: a pair that is doubted too much is told of without being asked.
func TestRule15PairsThatAreDoubtedTooMuchAreInTheLogAndTheMetrics(t *testing.T) {
	logger, told := logtest.NewNullLogger()
	registry := prometheus.NewRegistry()
	w := newWorld(t, func(w *world) {
		w.change = func(o *Options) { o.Log, o.Registerer = logrus.NewEntry(logger), registry }
	})
	room := w.ward()
	w.engine.book["es:"+noFever] = sinFiebre
	id := w.say(room, alice, noFever)
	made := w.rendered(id, "es")
	require.NoError(t, w.bridge.watchDoubt(t.Context()))
	require.Empty(t, doubtsIn(told), "one message says nothing")

	require.NoError(t, w.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for i := range 40 {
			r := *made
			if r.Position = tx.NextPosition(); i < 3 {
				r.Verdict = "warn"
			}
			if err := w.bridge.insertRow(tx, &r); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, w.bridge.watchDoubt(t.Context()))
	doubts := doubtsIn(told)
	require.Len(t, doubts, 1)
	require.Equal(t, logrus.Fields{"from": "en", "to": "es", "messages": int64(41), "doubted": int64(3)}, doubts[0].Data)
	require.InDelta(t, 3.0/41, testutil.ToFloat64(w.bridge.metrics.doubted.WithLabelValues("en", "es")), 1e-9)
}

func doubtsIn(told *logtest.Hook) (found []*logrus.Entry) {
	for _, entry := range told.AllEntries() {
		if _, ok := entry.Data["doubted"]; ok {
			found = append(found, entry)
		}
	}
	return found
}
