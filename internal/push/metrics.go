package push

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	sent     prometheus.Counter
	failed   prometheus.Counter
	dropped  *prometheus.CounterVec
	rejected prometheus.Counter
	seconds  prometheus.Histogram
}

// Why a notification was dropped.
const (
	droppedOld     = "old"     // it waited for longer than it may
	droppedFull    = "full"    // too many waited for the pusher
	droppedRefused = "refused" // the gateway will not have it
)

func newMetrics(s *Sender, reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		sent:   prometheus.NewCounter(prometheus.CounterOpts{Name: "medix_push_sent_total", Help: "Notifications that gateways took."}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "medix_push_failed_total", Help: "Tries of notifications that failed."}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_push_dropped_total",
			Help: "Notifications that were given up, by reason: old, full (too many waited for one pusher), refused."}, []string{"reason"}),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{Name: "medix_push_rejected_total",
			Help: "Pushers that were removed because the gateway called their key void."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "medix_push_seconds",
			Help: "Time until a gateway answered or failed.", Buckets: prometheus.ExponentialBuckets(0.002, 3, 9)}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.sent, m.failed, m.dropped, m.rejected, m.seconds,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "medix_push_queue", Help: "Notifications that wait."},
			func() float64 { return float64(s.status().items) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "medix_push_failing", Help: "Pushers whose gateway failed last time."},
			func() float64 { return float64(s.status().failing) }),
	} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering push metrics: %w", err)
		}
	}
	return m, nil
}

type status struct{ items, failing int }

func (s *Sender) status() (sum status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		sum.items += len(q.items)
		if q.failures > 0 {
			sum.failing++
		}
	}
	return sum
}
