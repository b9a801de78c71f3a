package finder

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what is indexed and asked; none holds a word.
type metrics struct {
	indexed  prometheus.Counter
	searches *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, behind func() int64) (*metrics, error) {
	m := &metrics{
		indexed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "medix_search_indexed_total", Help: "Texts that were put into the index of the chat.",
		}),
		searches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_search_queries_total", Help: "Searches in the chat, by result: whole, partial or failed.",
		}, []string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "medix_search_seconds", Help: "Time that a search in the chat takes.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5},
		}),
	}
	lag := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "medix_search_behind", Help: "Positions of the stream that are not indexed yet.",
	}, func() float64 { return float64(behind()) })
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.indexed, m.searches, m.seconds, lag} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics of the search: %w", err)
		}
	}
	return m, nil
}
