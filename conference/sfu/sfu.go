package sfu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/internal/config"
	"medixchange/internal/netguard"
)

// ErrUnavailable says that the SFU does not run and could not be started, or does not answer.
var ErrUnavailable = errors.New("the SFU is not available")

// PathPrefix is where clients reach the SFU of this node, and WebhookPath where an external one reports.
const (
	PathPrefix  = "/livekit/sfu"
	WebhookPath = "/livekit/webhook"
)

// Turn is a relay that participants are told of.
type Turn struct {
	Host     string
	Port     int
	Protocol string // udp, tcp or tls
	Secret   string // for credentials that end (TURN REST API)
}

// Options is what an SFU is built from. Every field without "optional" must be set.
type Options struct {
	Config config.SFU // of kind embedded or external
	// ClientURL is where clients find this node.
	ClientURL string
	// DataDir is where the keys of the embedded SFU are kept.
	DataDir string
	// Program finds the media program.
	Program    func() (string, error)
	Turns      []Turn // optional
	Now        func() time.Time
	Log        *logrus.Entry
	Registerer prometheus.Registerer // optional
}

// SFU is the SFU of this node. It is safe for concurrent use.
type SFU struct {
	o        Options
	embedded bool
	keys     keys
	url      string
	api      *netguard.Client
	metrics  *metrics
	proxy    http.Handler
	events   *events

	hooks   net.Listener // where the embedded SFU reports
	open    openCounts   // connections through the proxy
	lines   lines
	child   supervised
	lastUse atomic.Int64 // ms
}

// New prepares the SFU; nothing runs before Run, and the embedded one not before it is needed.
func New(ctx context.Context, o Options) (*SFU, error) {
	s := &SFU{o: o, embedded: o.Config.Kind() == config.SFUEmbedded, events: newEvents()}
	s.child.wake = make(chan struct{}, 1)
	s.open.byIdentity = map[string]int{}
	s.lines = lines{now: o.Now, most: 2 * o.Config.MaxConnections, all: map[seat]*line{}}
	s.metrics = newMetrics(s, o.Registerer)
	var err error
	if s.embedded {
		err = s.prepareEmbedded(ctx)
	} else {
		s.keys, s.url = keys{Key: o.Config.Key, Secret: o.Config.Secret}, o.Config.URL
	}
	if err != nil {
		return nil, err
	}
	policy := netguard.Policy{Allow: o.Config.AllowPrivate}
	if s.embedded {
		policy = netguard.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	}
	s.api = netguard.New(netguard.Options{Policy: policy, Timeout: apiTimeout, MaxBody: maxAnswer, MaxRedirects: -1, MaxConnsPerHost: 32, KeepPerHost: 8})
	s.proxy = s.newProxy()
	return s, nil
}

func (s *SFU) prepareEmbedded(ctx context.Context) error {
	var err error
	if s.keys, err = loadOrCreateKeys(s.o.DataDir); err != nil {
		return err
	}
	s.url = "ws" + strings.TrimPrefix(s.o.ClientURL, "http") + PathPrefix
	var lc net.ListenConfig
	if s.hooks, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("listening for what the SFU reports: %w", err)
	}
	return nil
}

// URL is where clients connect: wss://…/livekit/sfu, or that of the external SFU.
func (s *SFU) URL() string { return s.url }

// Embedded reports whether this node runs the SFU.
func (s *SFU) Embedded() bool { return s.embedded }

// LocalURL is where programs on this machine connect; for the embedded SFU it may change with each start.
func (s *SFU) LocalURL() string {
	if !s.embedded {
		return s.url
	}
	if port := s.child.port(); port > 0 {
		return fmt.Sprintf("ws://127.0.0.1:%d", port)
	}
	return ""
}

// Running reports whether the SFU is known to answer: always for an external one.
func (s *SFU) Running() bool { return !s.embedded || s.child.port() > 0 }

// Ready starts the embedded SFU if it does not run, and waits until it answers.
func (s *SFU) Ready(ctx context.Context) error {
	if !s.embedded {
		return nil
	}
	s.used()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return s.child.await(ctx)
}

func (s *SFU) used() { s.lastUse.Store(s.o.Now().UnixMilli()) }

// Run keeps the embedded SFU while it is needed, and hands on what the SFU reports, until ctx ends.
func (s *SFU) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { s.events.run(ctx) })
	if s.embedded {
		server := &http.Server{Handler: s.Webhooks(), ReadHeaderTimeout: apiTimeout, ReadTimeout: apiTimeout, IdleTimeout: time.Minute}
		parts.Go(func() { _ = server.Serve(s.hooks) }) // ends with Close
		parts.Go(func() { s.supervise(ctx) })
		parts.Go(func() { s.removeTheLost(ctx) })
		<-ctx.Done()
		_ = server.Close()
	}
	<-ctx.Done()
	parts.Wait()
	s.api.Close()
	return ctx.Err()
}

// Close releases what New has opened, of an SFU that was never run.
func (s *SFU) Close() error {
	if s.hooks == nil {
		return nil
	}
	if err := s.hooks.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing the SFU: %w", err)
	}
	return nil
}
