package federation

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

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
	Now         func() time.Time // optional: time.Now
	UserAgent   string           // optional
}

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

// NewClient reads the trusted authorities and makes a Client.
func NewClient(o ClientOptions) (*Client, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AllowServer == nil {
		o.AllowServer = func(string) bool { return true }
	}
	guard, err := newGuard(o)
	if err != nil {
		return nil, err
	}
	t := &transport{
		name: o.ServerName, signer: o.Signer, http: guard, gates: newGates(), allow: o.AllowServer,
		discovery: newDiscovery(newWellKnowns(guard, o.Now), net.DefaultResolver, o.Now),
		timeout:   time.Duration(o.Config.Timeout), maxBody: int64(o.Config.MaxResponse),
	}
	if t.timeout <= 0 {
		t.timeout = time.Minute
	}
	if t.maxBody <= 0 {
		t.maxBody = netguard.DefaultMaxBody
	}
	c := &Client{transport: t, log: o.Log}
	c.keys = newKeys(o.DB, t, o.Signer, o.Config.Notaries, o.Now, o.Log)
	return c, nil
}

func newGuard(o ClientOptions) (*netguard.Client, error) {
	opts := netguard.Options{
		Policy:    netguard.Policy{Allow: o.Config.AllowPrivate, Deny: o.Config.DenyNetworks},
		Timeout:   max(time.Duration(o.Config.Timeout), mediaCall),
		MaxBody:   int64(o.Config.MaxResponse),
		UserAgent: o.UserAgent,
	}
	if o.Config.TrustedCA != "" {
		roots, err := netguard.LoadRoots(o.Config.TrustedCA)
		if err != nil {
			return nil, fmt.Errorf("reading the authorities that federation trusts: %w", err)
		}
		opts.RootCAs = roots
	}
	if o.Config.Proxy != "" {
		proxy, err := url.Parse(o.Config.Proxy)
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
