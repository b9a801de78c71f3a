package translator

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/singleflight"

	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// Pipeline translates messages. It is safe for concurrent use.
type Pipeline struct {
	config   Config
	chain    []link
	cache    *cache
	flights  singleflight.Group
	metrics  *metrics
	prepared sync.Once
}

// New builds a pipeline. It starts nothing and asks no engine; registerer may be nil.
func New(config Config, registerer prometheus.Registerer) (*Pipeline, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Pipeline{config: config, cache: newCache(config.CacheBytes)}
	for _, e := range config.Engines {
		p.chain = append(p.chain, link{Guard: engine.NewGuard(e.Engine, e.Limits), pairs: e.Pairs, external: e.External})
	}
	if p.metrics, err = newMetrics(registerer, p.chain); err != nil {
		return nil, err
	}
	return p, nil
}

// checkEvery is how often engines are asked whether they live.
const checkEvery = 30 * time.Second

// Run asks the engines from time to time whether they live and what they offer, until ctx ends.
func (p *Pipeline) Run(ctx context.Context) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	told := make([]engine.State, len(p.chain))
	for {
		for i, l := range p.chain {
			told[i] = checkOne(ctx, l, told[i])
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// checkOne asks one engine how it is. What was told of it before is not told again.
func checkOne(ctx context.Context, l link, told engine.State) engine.State {
	ctx, cancel := context.WithTimeout(ctx, checkEvery/3)
	defer cancel()
	err := l.Check(ctx)
	health := l.Health()
	if health.State == told || errors.Is(ctx.Err(), context.Canceled) {
		return told
	}
	log := logrus.WithFields(logrus.Fields{"engine": l.Name(), "state": health.State})
	switch {
	case err != nil:
		log.WithError(err).Warn("Translation engine does not answer")
	case health.Fault != "":
		log.WithField("error", health.Fault).Warn("Translation engine is left alone or fails")
	case told != "" && told != engine.StateNew:
		log.Info("Translation engine works again")
	}
	return health.State
}

// Prepare reads the rules of the checks and the phrases in the background, once: the first message that needs them would
// wait for a fraction of a second otherwise, and a node where nobody reads another language has no use for them.
func (p *Pipeline) Prepare() {
	p.prepared.Do(func() {
		go func() {
			check.Prepare()
			_ = shippedPhrases()
		}()
	})
}

// Offers reports whether some engine may translate the pair now; from Undetermined, whether some may from any language.
func (p *Pipeline) Offers(from, to language.Code) bool {
	if from == Undetermined {
		return slices.ContainsFunc(language.All, func(code language.Code) bool { return p.Offers(code, to) })
	}
	for _, l := range p.chain {
		if _, _, ok := l.serves(from, to); ok {
			return true
		}
	}
	return false
}

// Translate finds what a reader of request.Target is shown instead of the message. Requests for the
// same text and pair share one run, which goes on when its caller leaves. The error is that of ctx and
// nothing else: what an engine cannot do is a Result with state none and a reason.
func (p *Pipeline) Translate(ctx context.Context, request Request) (Result, error) {
	source, done := p.prepare(request)
	if done {
		return source, nil
	}
	key := keyOf(source)
	if result, ok := p.cache.get(key); ok {
		p.metrics.cache.WithLabelValues("hit").Inc()
		return result, nil
	}
	flight := p.flights.DoChan(string(key[:]), func() (any, error) {
		if result, ok := p.cache.get(key); ok {
			return result, nil
		}
		p.metrics.cache.WithLabelValues("miss").Inc()
		runCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.config.Deadline)
		defer cancel()
		result := p.run(runCtx, source)
		if lasting(result) {
			p.cache.put(key, result)
		}
		return result, nil
	})
	select {
	case <-ctx.Done():
		return Result{}, fmt.Errorf("waiting for a translation: %w", ctx.Err())
	case outcome := <-flight:
		return outcome.Val.(Result), nil
	}
}

// Purge forgets what was translated before.
func (p *Pipeline) Purge() { p.cache.clear() }

// prepare decides what needs no engine; done reports that the result is final.
func (p *Pipeline) prepare(request Request) (result Result, done bool) {
	body, formatted := protect.CutReply(request.Text, request.HTML)
	result = Result{To: request.Target, local: request.Local, Original: compose.Original{Body: body, FormattedBody: formatted}}
	source := find(body, request.SenderLanguage, request.Target)
	if request.SourceHint != "" && request.SourceHint != Undetermined && source.best != "" {
		source = found{request.SourceHint, true}
	}
	result.From, result.unsure = source.best, !source.sure
	switch {
	case source.best == "":
		return result.none(ReasonNotText), true
	case request.Target.Reads(source.best) && !source.sure:
		result.From = Undetermined
		return result.none(ReasonSource), true
	case request.Target.Reads(source.best):
		return result, true
	case len(body)+len(formatted) > p.config.MaxBytes:
		return result.none(ReasonTooLong), true
	}
	return result, false
}

// none turns a result into one without a translation.
func (r Result) none(reason string) Result {
	r.State = None
	r.Reasons = append(r.Reasons, check.Reason{Code: reason})
	return r
}

// keyOf hashes what a translation depends on.
func keyOf(source Result) cacheKey {
	h := sha256.New()
	for _, part := range []string{string(source.From), strconv.FormatBool(source.unsure), strconv.FormatBool(source.local), string(source.To), source.Original.Body, source.Original.FormattedBody} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	var key cacheKey
	h.Sum(key[:0])
	return key
}

// lasting reports whether asking again would give the same.
func lasting(r Result) bool { return r.State == Translated || r.Verdict == check.Block }

// run takes a message through the engines. The first answer that is not blocked is taken; if all are
// blocked, the first of them says why.
func (p *Pipeline) run(ctx context.Context, source Result) Result {
	message := protect.Parse(source.Original.Body, source.Original.FormattedBody, source.From)
	if len(message.Segments()) == 0 {
		return source.none(ReasonNotText)
	}
	for _, line := range message.Plain() {
		source.Invariants = append(source.Invariants, check.Invariants(line, source.From)...)
	}
	var blocked *Result
	reason := ReasonNoEngine
	for _, l := range p.chain {
		if l.external && source.local {
			continue
		}
		request, ok := askFor(l, source, message.Segments())
		if !ok {
			continue
		}
		answer, err := p.ask(ctx, l, request)
		if err != nil {
			reason = worseReason(reason, err)
			continue
		}
		asked := source
		answer.Segments, asked.To = spelled(answer.Segments, request.To, source.To)
		result := judge(asked, message, l.Name(), answer)
		p.metrics.judged(result)
		if result.Verdict != check.Block {
			return result
		}
		if blocked == nil {
			blocked = &result
		}
	}
	if blocked != nil {
		return *blocked
	}
	if source.unsure && reason == ReasonNoEngine {
		source.From, reason = Undetermined, ReasonSource
	}
	return source.none(reason)
}

// ask sends a request to one engine and counts it.
func (p *Pipeline) ask(ctx context.Context, l link, request engine.Request) (engine.Answer, error) {
	start := time.Now()
	answer, err := l.Translate(ctx, request)
	p.metrics.asked(l.Name(), request, err, time.Since(start))
	if err != nil && !errors.Is(err, engine.ErrNoMatch) {
		logrus.WithError(err).WithFields(logrus.Fields{"engine": l.Name(), "from": request.From, "to": request.To}).Debug("Translation engine failed")
	}
	return answer, err
}

// reasonOf says to readers and tools why an engine gave no translation; "" if it has none to give.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, engine.ErrNoMatch):
		return ""
	case errors.Is(err, engine.ErrQuota), errors.Is(err, engine.ErrKey):
		return ReasonEngineError
	case errors.Is(err, engine.ErrBusy):
		return ReasonBusy
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return ReasonTimeout
	}
	return ReasonEngineError
}

// isTimeout finds what network errors say about themselves.
func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// worseReason keeps what is most worth knowing when several engines failed: a pair that only the
// phrase memory offers, which had no match, has no engine.
func worseReason(so string, err error) string {
	if reason := reasonOf(err); reason != "" {
		return reason
	}
	return so
}
