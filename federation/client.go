package federation

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/config"
	"medixchange/internal/media"
	"medixchange/internal/netguard"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

// ClientOptions is what a Client is built from. Every field without "optional" must be set.
type ClientOptions struct {
	ServerName string
	Signer     *signing.Signer
	DB         *sqldb.DB
	Config     config.Federation
	Log        *logrus.Entry
	// AllowServer says whether a server may be talked to at all; optional. See [AllowServers].
	AllowServer func(server string) bool
	Now         func() time.Time      // optional: time.Now
	UserAgent   string                // optional
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
}

// NewClient reads the trusted authorities and makes a Client with its key ring.
func NewClient(o ClientOptions) (*Client, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AllowServer == nil {
		o.AllowServer = func(string) bool { return true }
	}
	if o.Config.Timeout <= 0 {
		o.Config.Timeout = config.Duration(defaultTimeout)
	}
	if o.Config.MaxResponse <= 0 {
		o.Config.MaxResponse = defaultMaxBody
	}
	guard, err := newGuard(o)
	if err != nil {
		return nil, err
	}
	metrics, err := newClientMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	t := &transport{
		name: o.ServerName, signer: o.Signer, http: guard, gates: newGates(perDestination), allow: o.AllowServer,
		discovery: newDiscovery(newWellKnowns(guard, o.Now), net.DefaultResolver, o.Now),
		timeout:   o.Config.Timeout.Std(), maxBody: int64(o.Config.MaxResponse), metrics: metrics,
	}
	keys, err := newKeys(o, t)
	if err != nil {
		return nil, err
	}
	return &Client{transport: t, keys: keys}, nil
}

// NewGuard returns a client for calls to servers that are not of the federation's protocol: the same networks, authorities
// and proxy, and a timeout of its own.
func NewGuard(c config.Federation, timeout time.Duration, userAgent string) (*netguard.Client, error) {
	return guardFor(c, timeout, userAgent)
}

func newGuard(o ClientOptions) (*netguard.Client, error) {
	return guardFor(o.Config, max(o.Config.Timeout.Std(), mediaCall), o.UserAgent)
}

func guardFor(c config.Federation, timeout time.Duration, userAgent string) (*netguard.Client, error) {
	opts := netguard.Options{
		Policy:    netguard.Policy{Allow: c.AllowPrivate, Deny: c.DenyNetworks},
		Timeout:   timeout,
		MaxBody:   int64(c.MaxResponse),
		UserAgent: userAgent,
		// Enough for the requests of all lanes, for servers without HTTP/2.
		MaxConnsPerHost: 2*perDestination + 2,
	}
	if c.TrustedCA != "" {
		roots, err := netguard.LoadRoots(c.TrustedCA)
		if err != nil {
			return nil, fmt.Errorf("reading the authorities that federation trusts: %w", err)
		}
		opts.RootCAs = roots
	}
	if c.Proxy != "" {
		proxy, err := url.Parse(c.Proxy)
		if err != nil {
			return nil, errors.New("reading the address of federation's proxy: not a URL")
		}
		opts.Proxy = proxy
	}
	return netguard.New(opts), nil
}

// Keys returns the key ring.
func (c *Client) Keys() *Keys { return c.keys }

// Close closes idle connections; requests under way go on.
func (c *Client) Close() { c.transport.http.Close() }

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
