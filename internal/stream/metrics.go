package stream

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	unsound     prometheus.Counter
	deadLetters prometheus.Counter
}

// newMetrics registers the metrics of h; those of an earlier hub in the same registry are left in place.
func newMetrics(h *Hub, r prometheus.Registerer) *metrics {
	m := &metrics{
		unsound: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "medix_stream_unpublished_groups_total",
			Help: "Committed groups whose entries were not published as their positions demand.",
		}),
		deadLetters: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "medix_stream_dead_letters_total",
			Help: "Ranges that a durable reader passed over after repeated failures.",
		}),
	}
	if r == nil {
		return m
	}
	for _, c := range append(gauges(h), m.unsound, m.deadLetters) {
		err := r.Register(c)
		if already := (prometheus.AlreadyRegisteredError{}); err != nil && !errors.As(err, &already) {
			h.logger.WithError(err).Error("registering stream metrics failed")
		}
	}
	return m
}

func gauges(h *Hub) []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("medix_stream_position", "The last announced position.", func() float64 { return float64(h.Position()) }),
		gauge("medix_stream_ring_bytes", "Memory of recent entries.", func() float64 {
			h.mu.RLock()
			defer h.mu.RUnlock()
			return float64(h.rings.bytes())
		}),
		gauge("medix_stream_watches", "Readers that are registered.", func() float64 {
			h.waking.mu.Lock()
			defer h.waking.mu.Unlock()
			return float64(h.waking.count)
		}),
	}
}
