package recording

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	starts, ended     *prometheus.CounterVec
	restarts, deleted prometheus.Counter
}

func newMetrics(r prometheus.Registerer, s *Service) *metrics {
	m := &metrics{
		starts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_recording_starts_total", Help: "Recordings that were asked for, by what came of it.",
		}, []string{"result"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_recording_ended_total", Help: "Recordings that ended, by their state.",
		}, []string{"state"}),
		restarts: prometheus.NewCounter(prometheus.CounterOpts{Name: "medix_recording_restarts_total", Help: "Recorders that ended by themselves and were started again."}),
		deleted:  prometheus.NewCounter(prometheus.CounterOpts{Name: "medix_recording_deleted_total", Help: "Recordings whose files were deleted."}),
	}
	r.MustRegister(m.starts, m.ended, m.restarts, m.deleted, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "medix_recording_active", Help: "Recordings that run.",
	}, func() float64 { return float64(s.running()) }))
	return m
}
