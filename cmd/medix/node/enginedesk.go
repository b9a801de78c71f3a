package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"medixchange/admin"
	"medixchange/translator"
	"medixchange/translator/engine"
	"medixchange/translator/language"
)

// engineDesk tells the administrator about the engines.
type engineDesk struct{ pipeline *translator.Pipeline }

// EngineDesk tells of a pipeline's engines what the admin interface does.
func EngineDesk(p *translator.Pipeline) admin.Translator { return engineDesk{p} }

// Engines implements admin.Translator.
func (d engineDesk) Engines() []admin.EngineState {
	infos := d.pipeline.Engines()
	states := make([]admin.EngineState, 0, len(infos))
	for _, info := range infos {
		h := info.Health
		state := admin.EngineState{
			Engine: info.Name, State: string(h.State), UntilTS: milliseconds(h.Until), HeardTS: milliseconds(h.Heard),
			Failures: h.Failures, Fault: h.Fault, Pairs: make([]string, 0, len(info.Pairs)),
		}
		for _, pair := range info.Pairs {
			state.Pairs = append(state.Pairs, string(pair.From)+"-"+string(pair.To))
		}
		states = append(states, state)
	}
	return states
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// tryTimeout bounds how long all engines together may take for a trial; it is shorter than the administrator waits.
const tryTimeout = 25 * time.Second

// Try implements admin.Translator.
func (d engineDesk) Try(ctx context.Context, try admin.TranslationTry) ([]admin.EngineTrial, error) {
	from, to, err := ParsePair(try.From, try.To)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	tried := d.pipeline.Try(ctx, translator.Request{Text: try.Text, SourceHint: from, Target: to})
	trials := make([]admin.EngineTrial, 0, len(tried))
	for _, t := range tried {
		trials = append(trials, trialOf(t))
	}
	return trials, nil
}

func trialOf(t translator.Trial) admin.EngineTrial {
	trial := admin.EngineTrial{
		Engine: t.Engine, TookMS: float64(t.Took.Microseconds()) / 1000, State: string(translator.None), Text: t.Answer,
		Verdict: string(t.Result.Verdict), Pivot: string(t.Result.Pivot), Reasons: []string{},
	}
	switch {
	case errors.Is(t.Err, engine.ErrNoMatch):
		trial.Fault = "it has nothing for this text"
	case t.Err != nil:
		trial.Fault = t.Err.Error()
	case t.Result.State == translator.Translated:
		trial.State = string(translator.Translated)
	}
	for _, reason := range t.Result.Reasons {
		trial.Reasons = append(trial.Reasons, reason.Code)
	}
	return trial
}

// ParsePair reads two languages, which must differ.
func ParsePair(from, to string) (language.Code, language.Code, error) {
	a, err := language.Parse(from)
	if err != nil {
		return "", "", err
	}
	b, err := language.Parse(to)
	if err != nil {
		return "", "", err
	}
	if a == b {
		return "", "", fmt.Errorf("%s and %s are one language: there is nothing to translate", from, to)
	}
	return a, b, nil
}
