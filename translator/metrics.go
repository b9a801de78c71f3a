package translator

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"medixchange/translator/engine"
	"medixchange/translator/glossary"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
)

// metrics counts what the pipeline does. All labels have few values: engines are those of the configuration, languages
// those that readers have strings for.
type metrics struct {
	requests *prometheus.CounterVec   // by engine, pair and outcome
	seconds  *prometheus.HistogramVec // by engine
	verdicts *prometheus.CounterVec   // by engine, pair, verdict and whether there is a dose
	cache    *prometheus.CounterVec   // hit, miss
	glossary *prometheus.CounterVec   // terms by engine, rule and outcome
	found    *prometheus.CounterVec   // patient identifiers by kind
}

func newMetrics(registerer prometheus.Registerer, chain []link) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_translator_engine_requests_total", Help: "Requests to translation engines."}, []string{"engine", "from", "to", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "medix_translator_engine_seconds", Help: "Time that translation engines took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"engine"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_translator_verdicts_total", Help: "Verdicts of the medical checks; dose says whether the message has a drug, dose or the like."}, []string{"engine", "from", "to", "verdict", "dose"}),
		cache:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_translator_cache_total", Help: "Look-ups in the cache of translations."}, []string{"result"}),
		glossary: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_translator_terms_total", Help: "Terms of the glossary in messages, by what the translation made of them."}, []string{"engine", "rule", "outcome"}),
	}
	m.found = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_translator_identifiers_total", Help: "Texts for outside engines that seem to hold patient identifiers, by kind."}, []string{"kind"})
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.requests, m.seconds, m.verdicts, m.cache, m.glossary, m.found, states(chain)} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("translator: registering metrics: %w", err)
		}
	}
	return m, nil
}

// label is a language as a label; those without strings for readers are one.
func label(code language.Code) string {
	if code.Known() {
		return string(code)
	}
	return "other"
}

// asked counts a request to an engine.
func (m *metrics) asked(name string, request engine.Request, err error, took time.Duration) {
	outcome := outcomeOf(err)
	m.requests.WithLabelValues(name, label(request.From), label(request.To), outcome).Inc()
	if outcome != ReasonBusy {
		m.seconds.WithLabelValues(name).Observe(took.Seconds())
	}
}

// judged counts the verdict of a result.
func (m *metrics) judged(r Result) {
	dose := "no"
	if len(r.Invariants) > 0 {
		dose = "yes"
	}
	m.verdicts.WithLabelValues(r.Engine, label(r.From), label(r.To), string(r.Verdict), dose).Inc()
}

// terms counts what an engine made of terms.
func (m *metrics) terms(name string, found []glossary.Found) {
	for _, f := range found {
		rule := "advised"
		if f.Term.Invariant {
			rule = "invariant"
		}
		m.glossary.WithLabelValues(name, rule, string(f.Outcome)).Inc()
	}
}

// identified counts what was found in a text.
func (m *metrics) identified(kinds []identifiers.Kind) {
	for _, kind := range kinds {
		m.found.WithLabelValues(string(kind)).Inc()
	}
}

// outcomeOf names how a request to an engine ended.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, engine.ErrNoMatch):
		return "no_match"
	case errors.Is(err, engine.ErrQuota):
		return "quota"
	case errors.Is(err, engine.ErrKey):
		return "key"
	case errors.Is(err, engine.ErrBusy):
		return ReasonBusy
	}
	return reasonOf(err)
}

// states is a collector of the engines' states: for each engine and state 1 if it is in it.
type states []link

var stateDesc = prometheus.NewDesc("medix_translator_engine_state", "1 for the state that an engine is in, 0 for the others.", []string{"engine", "state"}, nil)

// Describe implements prometheus.Collector.
func (s states) Describe(into chan<- *prometheus.Desc) { into <- stateDesc }

// Collect implements prometheus.Collector. Engines of one type are told apart by their order: deepl, deepl-2.
func (s states) Collect(into chan<- prometheus.Metric) {
	told := map[string]int{}
	for _, l := range s {
		name := l.Name()
		if told[name]++; told[name] > 1 {
			name += "-" + strconv.Itoa(told[name])
		}
		current := l.Health().State
		for _, state := range engine.States {
			value := 0.0
			if state == current {
				value = 1
			}
			into <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, value, name, string(state))
		}
	}
}
