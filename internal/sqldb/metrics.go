package sqldb

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of the writer. They exist without a registerer, too, so that nothing has to ask.
type metrics struct {
	groupSize     prometheus.Histogram
	commitSeconds prometheus.Histogram
	reruns        prometheus.Counter
	walBytes      prometheus.Gauge
	registerer    prometheus.Registerer
	registered    []prometheus.Collector
}

func newMetrics() *metrics {
	return &metrics{
		groupSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "medix_sqldb_group_size",
			Help:    "Writes committed together.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "medix_sqldb_commit_seconds",
			Help:    "Time of one group from BEGIN to the end of COMMIT.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		reruns: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "medix_sqldb_group_reruns_total",
			Help: "Groups that were rolled back and whose writes ran again alone.",
		}),
		walBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "medix_sqldb_wal_bytes",
			Help: "Size of SQLite's write-ahead log.",
		}),
	}
}

// register adds the metrics; those of an earlier database in the same registry are left in place.
func (m *metrics) register(r prometheus.Registerer, db *DB) error {
	if r == nil {
		return nil
	}
	m.registerer = r
	queue := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "medix_sqldb_queue_length",
		Help: "Writes that wait for the writer.",
	}, func() float64 { return float64(len(db.writer.queue) + len(db.writer.company)) })
	for _, c := range []prometheus.Collector{m.groupSize, m.commitSeconds, m.reruns, m.walBytes, queue} {
		err := r.Register(c)
		if already := (prometheus.AlreadyRegisteredError{}); errors.As(err, &already) {
			continue
		}
		if err != nil {
			return err
		}
		m.registered = append(m.registered, c)
	}
	return nil
}

func (m *metrics) unregister() {
	for _, c := range m.registered {
		m.registerer.Unregister(c)
	}
	m.registered = nil
}
