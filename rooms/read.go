package rooms

import (
	"context"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
)

// Bounds of what the reading side keeps in memory, in entries.
const (
	keptRefs      = 20_000
	keptSets      = 4_096
	keptACLs      = 2_048
	keptSummaries = 5_000
	keptFailures  = 1_024
)

// reads is what the features that read (timeline, relations, receipts, directory, serving other servers) keep beside
// the rooms themselves: bounded caches of what does not change, and what is not durable.
type reads struct {
	metrics *readMetrics

	refs       *lru.Cache[string, roomRef]
	sets       *lru.Cache[int64, []string]
	acls       *lru.Cache[int64, *serverACL]
	summaries  *lru.Cache[int64, keptSummary]
	redactions *redactionCache
	sentAs     *sentAsCache
	typing     *typingRooms

	fills    singleflight.Group // of gaps
	fetches  singleflight.Group // of events
	failures *lru.Cache[failure, time.Time]

	background context.Context // of requests to other servers, which go on without the caller
	stop       context.CancelFunc
	mu         sync.Mutex // guards closed and adding to working
	closed     bool
	working    sync.WaitGroup
}

func newReads(o Options) (*reads, error) {
	metrics, err := newReadMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	return &reads{
		background: background, stop: stop,
		metrics:    metrics,
		refs:       newLRU[string, roomRef](keptRefs),
		sets:       newLRU[int64, []string](keptSets),
		acls:       newLRU[int64, *serverACL](keptACLs),
		summaries:  newLRU[int64, keptSummary](keptSummaries),
		redactions: newRedactionCache(),
		sentAs:     newSentAsCache(),
		typing:     newTypingRooms(o.Hub, o.Now, o.ServerName),
		failures:   newLRU[failure, time.Time](keptFailures),
	}, nil
}

// begin counts work that goes on without its caller; false once the node is stopping. The work calls working.Done.
func (s *reads) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.working.Add(1)
	return true
}

// close ends what the reading side has running and waits for it.
func (s *reads) close() {
	s.typing.close()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.working.Wait()
}

// newLRU makes a cache of at most size entries; size is a positive constant.
func newLRU[K comparable, V any](size int) *lru.Cache[K, V] {
	cache, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return cache
}

type readMetrics struct {
	dropped *prometheus.CounterVec // PDUs of a backfill, by reason
	fills   *prometheus.CounterVec // attempts to fill a gap, by result
	refused *prometheus.CounterVec // receipts of other servers, by reason
}

func newReadMetrics(reg prometheus.Registerer) (*readMetrics, error) {
	m := &readMetrics{
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_backfill_dropped_total", Help: "PDUs of backfill answers that were not taken, by reason.",
		}, []string{"reason"}),
		fills: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_backfill_fills_total", Help: "Attempts to fill a gap of a room's history, by result.",
		}, []string{"result"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_remote_receipts_refused_total", Help: "Receipts of other servers that were not taken, by reason.",
		}, []string{"reason"}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.dropped, m.fills, m.refused} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics of the rooms: %w", err)
		}
	}
	return m, nil
}
