package tests

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/accounts/finder"
	"medixchange/admin"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// wardTalk makes sentences of a dozen words, as rare and as common as those of people.
type wardTalk struct {
	mu    sync.Mutex
	rng   *rand.Rand
	often *rand.Zipf
	words []string
}

func newWardTalk() *wardTalk {
	rng := rand.New(rand.NewPCG(4, 2))
	talk := &wardTalk{rng: rng, often: rand.NewZipf(rng, 1.15, 4, 19_999)}
	syllables := strings.Fields("ba ce di fo gu ha je ki lo mu na pe ri so tu va an en in on tion ment pneu card")
	for range 20_000 {
		talk.words = append(talk.words, syllables[rng.IntN(24)]+syllables[rng.IntN(24)]+syllables[rng.IntN(24)])
	}
	return talk
}

func (w *wardTalk) sentence() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	words := make([]string, 6+w.rng.IntN(12))
	for i := range words {
		words[i] = w.words[w.often.Uint64()]
	}
	return strings.Join(words, " ")
}

// sayAll has 16 users in 16 rooms say n sentences.
func sayAll(b *testing.B, h *testhospital.Hospital, talk *wardTalk, n int) *testhospital.User {
	nurses := users(h, "nurse", 16)
	inRoom := make([]string, len(nurses))
	for i, u := range nurses {
		inRoom[i] = u.CreateRoom(testhospital.Room{Preset: "public_chat"})
		if i > 0 {
			nurses[0].Join(inRoom[i])
		}
	}
	per := max(n/len(nurses), 1)
	measure(b, per*len(nurses), func() {
		var all sync.WaitGroup
		for i, u := range nurses {
			all.Go(func() {
				for range per {
					u.Say(inRoom[i], talk.sentence())
				}
			})
		}
		all.Wait()
	})
	return nurses[0]
}

// BenchmarkSearchSends: what messages cost without and with the index behind them, the time until the last is indexed included
// in the CPU time of the second, and then what a search costs over HTTP.
func BenchmarkSearchSends(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprintf("index=%v", on), func(b *testing.B) {
			h := testhospital.Start(b, func(c *config.Config) { c.Search.Enabled, c.Limits.RatesEnabled = on, false })
			talk := newWardTalk()
			cpu := cpuTime()
			reader := sayAll(b, h, talk, b.N)
			if on {
				awaitIndexed(b, h)
			}
			b.ReportMetric(float64(cpuTime()-cpu)/1e6/float64(b.N), "all-cpu-ms/op")
			if on {
				measureSearches(b, reader, talk)
			}
		})
	}
}

func awaitIndexed(b *testing.B, h *testhospital.Hospital) {
	client := admin.NewClient(h.Node().AdminSocket())
	goal := h.Node().Hub.Position()
	require.Eventually(b, func() bool {
		var s finder.Status
		return client.Call(context.Background(), get, finder.PathStatus, nil, &s) == nil && s.Position >= goal
	}, 5*time.Minute, 20*time.Millisecond)
}

func measureSearches(b *testing.B, reader *testhospital.User, talk *wardTalk) {
	const searches = 200
	took := make([]time.Duration, 0, searches)
	cpu := cpuTime()
	for range searches {
		words := strings.Fields(talk.sentence())
		start := time.Now()
		lookOnce(reader, strings.Join(words[:1+len(words)%3], " "), "", nil)
		took = append(took, time.Since(start))
	}
	b.ReportMetric(float64(cpuTime()-cpu)/1e6/searches, "search-cpu-ms")
	b.ReportMetric(percentile(took, 0.5), "search-p50-ms")
	b.ReportMetric(percentile(took, 0.95), "search-p95-ms")
}
