package sfu

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	tokens, restarts, refused, badWebhooks prometheus.Counter
}

func newMetrics(s *SFU, r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		tokens:      counter("medix_sfu_tokens_total", "Tokens for conferences that were given."),
		restarts:    counter("medix_sfu_restarts_total", "How often the SFU ended by itself and was started again."),
		refused:     counter("medix_sfu_connections_refused_total", "Connections to the SFU that were refused."),
		badWebhooks: counter("medix_sfu_reports_refused_total", "Reports in the name of the SFU that were not signed by it."),
	}
	if r == nil {
		return m
	}
	r.MustRegister(m.tokens, m.restarts, m.refused, m.badWebhooks,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "medix_sfu_up", Help: "Whether the SFU runs."}, func() float64 {
			if s.Running() {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "medix_sfu_connections", Help: "Connections to the SFU through this node."}, func() float64 {
			return float64(s.open.total())
		}))
	return m
}
