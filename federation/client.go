package federation

import (
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/media"
	"medixchange/internal/netguard"
	"medixchange/internal/signing"
	"medixchange/rooms"
)

// ClientOptions is what a Client is built from. Every field without "optional" must be set.
type ClientOptions struct {
	// HTTP makes the connections, by federation's own policy.
	HTTP   *netguard.Client
	Signer *signing.Signer
	Keys   *Keys
	Log    *logrus.Entry
	// AllowServer says whether a server may be talked to at all; optional.
	AllowServer func(server string) bool
	Now         func() time.Time      // optional: time.Now
	Timeout     time.Duration         // of one request; optional: 1 minute
	MaxBody     int64                 // of an answer, bytes; optional: 100 MB
	Registerer  prometheus.Registerer // optional
}

const (
	defaultTimeout = time.Minute
	defaultMaxBody = 100 << 20
)

var (
	_ rooms.Remote    = (*Client)(nil)
	_ accounts.Remote = (*Client)(nil)
	_ media.Remote    = (*Client)(nil)
)

// Client asks other servers. It implements rooms.Remote, accounts.Remote, media.Remote and clientapi.Remote. All methods
// have deadlines of their own and are safe for concurrent use. Their errors: a server that did not answer, or not in a
// form to be understood, is rooms.ErrUnreachable; a refusal is a *[RemoteError].
type Client struct {
	transport *transport
	keys      *Keys
	log       *logrus.Entry
}

// NewClient makes a Client and gives the key ring its way to other servers.
func NewClient(o ClientOptions) (*Client, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AllowServer == nil {
		o.AllowServer = func(string) bool { return true }
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	metrics, err := newClientMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	t := &transport{
		name: o.Signer.ServerName, signer: o.Signer, http: o.HTTP, gates: newGates(perDestination), allow: o.AllowServer,
		discovery: newDiscovery(newWellKnowns(o.HTTP, o.Now), net.DefaultResolver, o.Now),
		timeout:   o.Timeout, maxBody: o.MaxBody, metrics: metrics,
	}
	o.Keys.transport = t
	return &Client{transport: t, keys: o.Keys, log: o.Log}, nil
}

// clientMetrics counts requests to other servers.
type clientMetrics struct {
	requests *prometheus.CounterVec
	inFlight prometheus.Gauge
}

func newClientMetrics(reg prometheus.Registerer) (*clientMetrics, error) {
	m := &clientMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_federation_requests_total",
			Help: "Requests to other servers by outcome: ok, refused, unreachable."}, []string{"outcome"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "medix_federation_requests_in_flight",
			Help: "Requests to other servers that are under way."}),
	}
	return m, register(reg, m.requests, m.inFlight)
}

func register(reg prometheus.Registerer, collectors ...prometheus.Collector) error {
	if reg == nil {
		return nil
	}
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			return fmt.Errorf("registering federation metrics: %w", err)
		}
	}
	return nil
}
