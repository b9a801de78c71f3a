package bridge

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"medixchange/translator"
)

// metrics counts what became of messages. Labels have few values and never hold text.
type metrics struct {
	renderings *prometheus.CounterVec
	late       prometheus.Counter
	putOff     prometheus.Counter
	givenUp    prometheus.Counter
	seconds    prometheus.Histogram
	commands   *prometheus.CounterVec
	doubted    *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer, running func() int) (*metrics, error) {
	m := &metrics{
		renderings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_translator_renderings_total", Help: "Renderings of messages, by pair, state and verdict.",
		}, []string{"from", "to", "state", "verdict"}),
		late: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "medix_translator_late_total", Help: "Renderings that were stored after the time for which a message is held.",
		}),
		putOff: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "medix_translator_put_off_total", Help: "Messages and languages that came while engines had no room, to be translated later.",
		}),
		givenUp: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "medix_translator_given_up_total", Help: "Times in which engines had no room whose messages were not translated later either.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "medix_translator_rendering_seconds", Help: "Time from the arrival of a message to its stored rendering.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, .8, 1.5, 3, 10, 30, 60},
		}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_translator_commands_total", Help: "Commands to the bot, by name and result.",
		}, []string{"command", "result"}),
	}
	m.doubted = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "medix_translator_doubted_ratio", Help: "Share of the messages with a dose or the like of the last week that were doubted or refused, by pair, counted once a day.",
	}, []string{"from", "to"})
	queue := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "medix_translator_jobs", Help: "Translations under way.",
	}, func() float64 { return float64(running()) })
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.renderings, m.late, m.putOff, m.givenUp, m.seconds, m.commands, m.doubted, queue} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics of the translator: %w", err)
		}
	}
	return m, nil
}

// finished counts a job that came to rows.
func (m *metrics) finished(now time.Time, until time.Time, j *job, result translator.Result, rows []*row) {
	if len(rows) == 0 {
		return
	}
	m.renderings.WithLabelValues(string(j.from), string(j.language), string(result.State), string(result.Verdict)).Inc()
	if j.ev.Received == 0 {
		return
	}
	m.seconds.Observe(float64(now.UnixMilli()-j.ev.Received) / 1000)
	if now.After(until) {
		m.late.Inc()
	}
}
