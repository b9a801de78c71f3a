package search

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
)

// speaker makes texts whose words are as rare and as common as those of people (Zipf), one of five in Chinese.
type speaker struct {
	rng   *rand.Rand
	words []string
	often *rand.Zipf
	signs *rand.Zipf
}

func newSpeaker() *speaker {
	rng := rand.New(rand.NewPCG(19, 20))
	s := &speaker{rng: rng, often: rand.NewZipf(rng, 1.15, 4, 59_999), signs: rand.NewZipf(rng, 1.1, 20, 2999)}
	syllables := strings.Fields("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu an en in on un ar er ir or ur tion ment pneu card")
	for range 60_000 {
		var word strings.Builder
		for range 2 + rng.IntN(3) {
			word.WriteString(syllables[rng.IntN(len(syllables))])
		}
		s.words = append(s.words, word.String())
	}
	return s
}

func (s *speaker) word() string { return s.words[s.often.Uint64()] }

func (s *speaker) says() string {
	if s.rng.IntN(5) == 0 {
		var text strings.Builder
		for range 8 + s.rng.IntN(20) {
			text.WriteRune(rune(0x4E00 + s.signs.Uint64()))
		}
		return text.String()
	}
	words := make([]string, 4+s.rng.IntN(16))
	for i := range words {
		words[i] = s.word()
	}
	return strings.Join(words, " ") + fmt.Sprintf(" %d mg", s.rng.IntN(1000))
}

// asks makes a query of one to three words.
func (s *speaker) asks() string {
	text := []rune(s.says())
	if text[0] >= 0x4E00 {
		at := s.rng.IntN(len(text) - 3)
		return string(text[at : at+2+s.rng.IntN(2)])
	}
	words := strings.Fields(string(text))
	at := s.rng.IntN(len(words) - 3)
	return strings.Join(words[at:at+1+s.rng.IntN(3)], " ")
}

// cpu is what the process has used so far.
func cpu(b testing.TB) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fillChat indexes messages in 500 rooms, some in each write.
func fillChat(b *testing.B, e *Engine, s *speaker, from, messages, together int) {
	for at := from; at < from+messages; at += together {
		docs := make([]*Prepared, together)
		for i := range docs {
			id := int64(at + i + 1)
			docs[i] = e.Prepare(Document{ID: 3 * id, Scope: 1 + s.rng.Int64N(500), Time: id, Fields: []Field{{s.says(), 1}}})
		}
		require.NoError(b, e.db.Write(b.Context(), func(tx *sqldb.Tx) error { return e.Put(tx, "chat", docs...) }))
	}
}

func bytesOf(b *testing.B, e *Engine) (n float64) {
	require.NoError(b, e.db.QueryRow(b.Context(), `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`).Scan(&n))
	return n
}

// BenchmarkIndexing measures what a message costs in the index when 1, 24 and 500 are written together.
func BenchmarkIndexing(b *testing.B) {
	for _, together := range []int{1, 24, 500} {
		b.Run(fmt.Sprintf("together=%d", together), func(b *testing.B) {
			e, _ := newEngine(b)
			s := newSpeaker()
			fillChat(b, e, s, 0, 10_000, 500)
			empty := bytesOf(b, e)
			used, began := cpu(b), time.Now()
			messages := (b.N + together - 1) / together * together
			b.ResetTimer()
			fillChat(b, e, s, 10_000, messages, together)
			b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(messages), "cpu-µs/message")
			b.ReportMetric(float64(messages)/time.Since(began).Seconds(), "messages/s")
			b.ReportMetric((bytesOf(b, e)-empty)/float64(messages), "bytes/message")
		})
	}
}

// BenchmarkSearchChat searches 100,000 messages for words of theirs, in all rooms and in 50 of 500.
func BenchmarkSearchChat(b *testing.B) {
	const messages = 100_000
	e, _ := newEngine(b)
	s := newSpeaker()
	fillChat(b, e, s, 0, messages, 500)
	b.Logf("%.0f bytes a message", bytesOf(b, e)/messages)
	for name, scopes := range map[string]func(int64) bool{"all rooms": nil, "50 rooms": func(room int64) bool { return room <= 50 }} {
		b.Run(name, func(b *testing.B) {
			measureQueries(b, e, func() Query {
				return Query{Text: s.asks(), Limit: 500, In: []Source{{"chat", scopes}}, HalfLife: time.Hour, Now: time.UnixMilli(messages)}
			})
		})
	}
}

// BenchmarkSearchBook searches a book of 300 sections in 19 languages, each in its index, and says how long it took to index
// it whole.
func BenchmarkSearchBook(b *testing.B) {
	const sections, languages = 300, 19
	e, _ := newEngine(b)
	s := newSpeaker()
	began, used := time.Now(), cpu(b)
	for language := range languages {
		for at := 0; at < sections; at += 300 {
			docs := make([]*Prepared, 300)
			for i := range docs {
				docs[i] = e.Prepare(Document{ID: int64(at + i + 1), Fields: []Field{{s.says(), 4}, {s.section(), 1}}})
			}
			require.NoError(b, e.db.Write(b.Context(), func(tx *sqldb.Tx) error { return e.Put(tx, fmt.Sprintf("book.%d", language), docs...) }))
		}
	}
	b.Logf("indexed in %v, %v of CPU", time.Since(began).Round(time.Millisecond), (cpu(b) - used).Round(time.Millisecond))
	b.ResetTimer()
	measureQueries(b, e, func() Query {
		return Query{Text: s.asks(), Limit: 20, In: []Source{{fmt.Sprintf("book.%d", s.rng.IntN(languages)), nil}}}
	})
}

// section is a text of 150 words or so.
func (s *speaker) section() string {
	var all []string
	for range 12 {
		all = append(all, s.says())
	}
	return strings.Join(all, ". ")
}

func measureQueries(b *testing.B, e *Engine, next func() Query) {
	took := make([]time.Duration, 0, b.N)
	hits := 0
	for b.Loop() {
		q := next()
		began := time.Now()
		r, err := e.Search(b.Context(), q)
		took = append(took, time.Since(began))
		require.NoError(b, err)
		hits += len(r.Hits)
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(hits)/float64(len(took)), "hits")
}
