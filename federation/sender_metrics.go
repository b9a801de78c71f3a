package federation

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// senderMetrics show what goes out.
type senderMetrics struct {
	transactions prometheus.Counter
	pdus, edus   prometheus.Counter
	failures     prometheus.Counter
	leftOut      prometheus.Counter
	inFlight     prometheus.Gauge
	seconds      prometheus.Histogram
}

func newSenderMetrics(s *Sender, reg prometheus.Registerer) (*senderMetrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "medix_federation_" + name, Help: help})
	}
	gauge := func(name, help string, count func(DestinationStatus) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "medix_federation_" + name, Help: help}, func() float64 {
			sum := 0.0
			for _, d := range s.Destinations() {
				sum += count(d)
			}
			return sum
		})
	}
	m := &senderMetrics{
		transactions: counter("transactions_total", "Transactions that other servers acknowledged."),
		pdus:         counter("sent_events_total", "Events that other servers acknowledged."),
		edus:         counter("sent_edus_total", "EDUs that other servers acknowledged."),
		failures:     counter("failed_transactions_total", "Tries of transactions that failed."),
		leftOut:      counter("left_out_total", "Things that a server refused as malformed and that were left out."),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "medix_federation_transactions_in_flight",
			Help: "Transactions that are under way."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "medix_federation_transaction_seconds",
			Help: "Time until a transaction was acknowledged.", Buckets: prometheus.ExponentialBuckets(0.001, 3, 10)}),
	}
	err := register(reg, m.transactions, m.pdus, m.edus, m.failures, m.leftOut, m.inFlight, m.seconds,
		gauge("queue_positions", "Positions of the stream that destinations are behind, summed up.", func(d DestinationStatus) float64 {
			return float64(max(d.Wanted-d.Acknowledged, 0))
		}),
		gauge("destinations_waiting", "Destinations for which something waits.", func(d DestinationStatus) float64 {
			if d.Waiting {
				return 1
			}
			return 0
		}),
		gauge("destinations_failing", "Destinations that could not be reached lately.", func(d DestinationStatus) float64 {
			if d.FailingSince.IsZero() {
				return 0
			}
			return 1
		}))
	return m, err
}

func (m *senderMetrics) sent(out *outbound, took time.Duration) {
	m.transactions.Inc()
	m.pdus.Add(float64(out.pdus))
	m.edus.Add(float64(out.edus))
	m.seconds.Observe(took.Seconds())
}
