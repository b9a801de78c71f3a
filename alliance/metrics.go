package alliance

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	refused *prometheus.CounterVec // documents, by kind
	polls   *prometheus.CounterVec // of other servers, by outcome
}

func newMetrics(reg prometheus.Registerer, k *Keeper) (*metrics, error) {
	m := &metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_alliance_documents_refused_total",
			Help: "Charters and member lists that were not taken."}, []string{"kind"}),
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_alliance_polls_total",
			Help: "Servers that were asked for newer documents, by outcome: same, newer, refused, unreachable."}, []string{"outcome"}),
	}
	if reg == nil {
		return m, nil
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	for _, c := range []prometheus.Collector{
		m.refused, m.polls,
		gauge("medix_alliance_list_serial", "Serial of the member list that counts; 0 without one.", func() float64 {
			if list := k.Members(); list != nil {
				return float64(list.Serial)
			}
			return 0
		}),
		gauge("medix_alliance_list_remaining_seconds", "Seconds until the member list ends; negative in the time of grace.", func() float64 {
			if list := k.Members(); list != nil {
				return list.Expires().Sub(k.o.Now()).Seconds()
			}
			return 0
		}),
	} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return m, nil
}
