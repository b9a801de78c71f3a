package bridge

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"
)

// watchEvery is how often it is looked which pairs of languages are doubted too much (TRANSLATION 15).
const watchEvery = 24 * time.Hour

// doubtfulFrom is of how many messages a share means something.
const doubtfulFrom = 20

// doubtedPair is how many messages with a dose or the like there were of a pair of languages, and how many of them were doubted
// or refused.
type doubtedPair struct {
	from, to     string
	doubted, all int64
}

// isDoubtful reports whether more than a twentieth was doubted: then the checks or the engine are at fault.
func (p *doubtedPair) isDoubtful() bool { return p.all >= doubtfulFrom && p.doubted*20 > p.all }

// pairsOf adds up statistics by pair, in their order.
func pairsOf(stats []Stat) (pairs []*doubtedPair) {
	known := map[[2]string]*doubtedPair{}
	for _, s := range stats {
		if s.Verdict == "" {
			continue
		}
		p := known[[2]string{s.From, s.To}]
		if p == nil {
			p = &doubtedPair{from: s.From, to: s.To}
			known[[2]string{s.From, s.To}] = p
			pairs = append(pairs, p)
		}
		p.all += s.Dosed
		if s.Verdict != "pass" {
			p.doubted += s.Dosed
		}
	}
	return pairs
}

// watchDoubt tells administrators which pairs were doubted too much in the last week, without a word of what was said.
func (b *Bridge) watchDoubt(ctx context.Context) error {
	stats, err := b.selectStats(ctx, b.o.Now().Add(-defaultStats).UnixMilli())
	if err != nil {
		return err
	}
	b.metrics.doubted.Reset()
	for _, p := range pairsOf(stats) {
		if p.all >= doubtfulFrom {
			b.metrics.doubted.WithLabelValues(p.from, p.to).Set(float64(p.doubted) / float64(p.all))
		}
		if p.isDoubtful() {
			b.o.Log.WithFields(logrus.Fields{"from": p.from, "to": p.to, "messages": p.all, "doubted": p.doubted}).
				Warn("more than 5 % of the translations with a dose or the like are doubted: the checks or the engine are at fault")
		}
	}
	return nil
}
