package federation

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/matrix-org/gomatrixserverlib/spec"
	"golang.org/x/sync/singleflight"

	"medixchange/internal/netguard"
)

const (
	defaultPort = "8448"
	// srvTimeout bounds both SRV look-ups of a name together; without an answer the default port is tried.
	srvTimeout = 5 * time.Second
	// srvLifetime is how long an SRV record counts: the system's resolver does not tell the record's own lifetime.
	srvLifetime = 5 * time.Minute
	// fallbackLifetime is how long "no well-known, no SRV" counts.
	fallbackLifetime = 10 * time.Minute
	// retryDiscovery is the least age at which a failed connection makes us look again.
	retryDiscovery = 30 * time.Second
	discoveryLimit = time.Minute
	maxDiscovered  = 10_000
	maxSRVTargets  = 8
)

// target is one way to reach a server: where to connect, which name the certificate must be for, which Host to send.
type target struct {
	netguard.Target
	host string
}

// route is what discovery found for a server name, the best target first.
type route struct {
	targets []target
	found   time.Time
	until   time.Time
}

// srvLookup finds SRV records; *net.Resolver is one.
type srvLookup interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// discovery resolves server names (Server-Server API, Resolving server names). It is safe for concurrent use.
type discovery struct {
	wellKnown *wellKnowns
	srv       srvLookup
	routes    *lru.Cache[string, route]
	flights   singleflight.Group
	now       func() time.Time
}

func newDiscovery(wellKnown *wellKnowns, srv srvLookup, now func() time.Time) *discovery {
	routes, err := lru.New[string, route](maxDiscovered)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &discovery{wellKnown: wellKnown, srv: srv, routes: routes, now: now}
}

// errServerName says that a text is no server name.
var errServerName = errors.New("not a valid server name")

// validServerName reports whether the text is a server name by the specification's grammar (Appendices, Server Name).
func validServerName(server string) bool {
	if len(server) > 255 {
		return false
	}
	_, _, valid := spec.ParseAndValidateServerName(spec.ServerName(server))
	return valid
}

// find returns the targets of a server, the best first. Several calls for a name share one search.
func (d *discovery) find(ctx context.Context, server string) ([]target, error) {
	if r, ok := d.routes.Get(server); ok && d.now().Before(r.until) {
		return r.targets, nil
	}
	result := d.flights.DoChan(server, func() (any, error) {
		search, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoveryLimit)
		defer cancel()
		r, err := d.search(search, server)
		if err != nil {
			return nil, err
		}
		d.routes.Add(server, r)
		return r.targets, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.([]target), nil
	}
}

// failed says that no target of the server could be connected to, so that the next request searches again.
func (d *discovery) failed(server string) {
	if r, ok := d.routes.Peek(server); ok && d.now().Sub(r.found) >= retryDiscovery {
		d.routes.Remove(server)
	}
}

// search follows the specification's steps.
func (d *discovery) search(ctx context.Context, server string) (route, error) {
	if !validServerName(server) {
		return route{}, fmt.Errorf("%q: %w", server, errServerName)
	}
	now := d.now()
	if t, ok := direct(server); ok { // steps 1 and 2
		return route{targets: []target{t}, found: now, until: now.Add(24 * time.Hour)}, nil
	}
	delegated, until := d.wellKnown.get(ctx, server) // step 3
	if delegated == "" {
		r := d.bySRV(ctx, server) // steps 4 to 6
		r.until = earlier(r.until, until)
		return r, nil
	}
	if t, ok := direct(delegated); ok {
		return route{targets: []target{t}, found: now, until: until}, nil
	}
	r := d.bySRV(ctx, delegated)
	r.until = earlier(r.until, until)
	return r, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// direct returns the target of a name that says itself where to connect: an IP address or a name with a port.
func direct(name string) (target, bool) {
	host, port := splitPort(name)
	literal := strings.Trim(host, "[]")
	_, err := netip.ParseAddr(literal)
	if err != nil && port == "" {
		return target{}, false
	}
	if port == "" {
		port = defaultPort
	}
	return target{Target: netguard.Target{Addr: net.JoinHostPort(literal, port), TLSServerName: literal}, host: name}, true
}

// splitPort divides a server name; host keeps the brackets of an IPv6 address.
func splitPort(name string) (host, port string) {
	colon := strings.LastIndexByte(name, ':')
	if colon < 0 || strings.HasSuffix(name, "]") {
		return name, ""
	}
	return name[:colon], name[colon+1:]
}

// bySRV looks for the records of a host, the current service name before the deprecated one, and falls back to the host
// itself on the default port.
func (d *discovery) bySRV(ctx context.Context, host string) route {
	ctx, cancel := context.WithTimeout(ctx, srvTimeout)
	defer cancel()
	legacy := make(chan []*net.SRV, 1)
	go func() { legacy <- d.lookup(ctx, "matrix", host) }()
	records := d.lookup(ctx, "matrix-fed", host)
	if len(records) == 0 {
		records = <-legacy
	}
	now := d.now()
	r := route{found: now, until: now.Add(srvLifetime)}
	for _, record := range records[:min(len(records), maxSRVTargets)] {
		name := strings.TrimSuffix(record.Target, ".")
		if name == "" { // "." says that the service is not offered
			continue
		}
		addr := net.JoinHostPort(name, strconv.Itoa(int(record.Port)))
		r.targets = append(r.targets, target{Target: netguard.Target{Addr: addr, TLSServerName: host}, host: host})
	}
	if len(r.targets) == 0 {
		r.until = now.Add(fallbackLifetime)
		addr := net.JoinHostPort(host, defaultPort)
		r.targets = []target{{Target: netguard.Target{Addr: addr, TLSServerName: host}, host: host}}
	}
	return r
}

// lookup returns the records of a service, none if there is no answer.
func (d *discovery) lookup(ctx context.Context, service, host string) []*net.SRV {
	_, records, err := d.srv.LookupSRV(ctx, service, "tcp", host)
	if err != nil && len(records) == 0 {
		return nil
	}
	return slices.Clone(records)
}
