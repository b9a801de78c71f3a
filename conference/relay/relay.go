package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/internal/netguard"
)

// Options is what a Relay is built from. Every field without "optional" must be set.
type Options struct {
	// Listen are addresses on which clients reach the relay, each by UDP and TCP.
	Listen []string
	// PublicIP is the address that peers send to: that of this machine as the others see it.
	PublicIP netip.Addr
	// MinPort and MaxPort bound the ports for relayed media.
	MinPort, MaxPort uint16
	Realm            string
	Secret           string
	// Policy says to which addresses it relays.
	Policy netguard.Policy
	// PerUser bounds the allocations of one user at a time, and Total those of all.
	PerUser, Total int
	Now            func() time.Time
	Log            *logrus.Entry
	Registerer     prometheus.Registerer // optional
}

// Relay is a TURN server. It is safe for concurrent use.
type Relay struct {
	o      Options
	server *turn.Server
	addrs  []net.Addr

	mu     sync.Mutex
	byUser map[string]int
	total  int

	refused *prometheus.CounterVec
}

const (
	// portTries is how often a free port is looked for.
	portTries = 64
)

// New opens the listeners and relays from then on, until [Relay.Run] ends or [Relay.Close] is called.
func New(ctx context.Context, o Options) (*Relay, error) {
	r := &Relay{o: o, byUser: map[string]int{}}
	r.refused = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_turn_refused_total",
		Help: "What the relay refused: auth, quota, peer (an address that it does not relay to)."}, []string{"reason"})
	active := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "medix_turn_allocations", Help: "Relayed addresses in use."}, func() float64 {
		r.mu.Lock()
		defer r.mu.Unlock()
		return float64(r.total)
	})
	if o.Registerer != nil {
		for _, c := range []prometheus.Collector{r.refused, active} {
			if err := o.Registerer.Register(c); err != nil {
				return nil, fmt.Errorf("registering metrics: %w", err)
			}
		}
	}
	packets, listeners, err := r.listen(ctx)
	if err != nil {
		return nil, err
	}
	r.server, err = turn.NewServer(turn.ServerConfig{
		PacketConnConfigs: packets, ListenerConfigs: listeners, Realm: o.Realm, LoggerFactory: quiet{o.Log},
		AuthHandler: r.authenticate, QuotaHandler: r.mayAllocate,
		EventHandler: turn.EventHandler{OnAllocationCreated: r.allocated, OnAllocationDeleted: r.freed},
	})
	if err != nil {
		for _, p := range packets {
			_ = p.PacketConn.Close()
		}
		for _, l := range listeners {
			_ = l.Listener.Close()
		}
		return nil, fmt.Errorf("starting the relay: %w", err)
	}
	return r, nil
}

func (r *Relay) listen(ctx context.Context) (packets []turn.PacketConnConfig, listeners []turn.ListenerConfig, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, p := range packets {
			_ = p.PacketConn.Close()
		}
		for _, l := range listeners {
			_ = l.Listener.Close()
		}
	}()
	var lc net.ListenConfig
	for _, at := range r.o.Listen {
		packet, err := lc.ListenPacket(ctx, "udp", at)
		if err != nil {
			return packets, listeners, fmt.Errorf("conference.turn.listen: %w", err)
		}
		host, _, err := net.SplitHostPort(packet.LocalAddr().String())
		if err != nil {
			return packets, listeners, fmt.Errorf("conference.turn.listen: %w", err)
		}
		packets = append(packets, turn.PacketConnConfig{PacketConn: packet, RelayAddressGenerator: r.generator(host), PermissionHandler: r.mayRelay})
		stream, err := lc.Listen(ctx, "tcp", packet.LocalAddr().String())
		if err != nil {
			return packets, listeners, fmt.Errorf("conference.turn.listen: %w", err)
		}
		listeners = append(listeners, turn.ListenerConfig{Listener: stream, RelayAddressGenerator: r.generator(host), PermissionHandler: r.mayRelay})
		r.addrs = append(r.addrs, packet.LocalAddr())
	}
	return packets, listeners, nil
}

func (r *Relay) generator(host string) turn.RelayAddressGenerator {
	return &turn.RelayAddressGeneratorPortRange{
		RelayAddress: r.o.PublicIP.AsSlice(), Address: host, MinPort: r.o.MinPort, MaxPort: r.o.MaxPort, MaxRetries: portTries,
	}
}

// Addrs returns the addresses that the relay listens on.
func (r *Relay) Addrs() []net.Addr { return r.addrs }

// Run relays until ctx ends, whose error it returns.
func (r *Relay) Run(ctx context.Context) error {
	<-ctx.Done()
	if err := r.Close(); err != nil {
		return err
	}
	return ctx.Err()
}

// Close ends the relay and all that it relays.
func (r *Relay) Close() error {
	if err := r.server.Close(); err != nil {
		return fmt.Errorf("closing the relay: %w", err)
	}
	return nil
}

func (r *Relay) authenticate(a *turn.RequestAttributes) (userID string, key []byte, ok bool) {
	userID, ok = userOf(a.Username, r.o.Now())
	if !ok {
		r.refused.WithLabelValues("auth").Inc()
		return "", nil, false
	}
	return userID, turn.GenerateAuthKey(a.Username, a.Realm, passwordOf(r.o.Secret, a.Username)), true
}

func (r *Relay) mayAllocate(username, _ string, _ net.Addr) bool {
	userID, ok := userOf(username, r.o.Now())
	if !ok {
		userID = username // as it was taken from the credentials already
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.total >= r.o.Total || r.byUser[userID] >= r.o.PerUser {
		r.refused.WithLabelValues("quota").Inc()
		return false
	}
	return true
}

func (r *Relay) allocated(_, _ net.Addr, _, userID, _ string, _ net.Addr, _ int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.byUser[userID]++
}

func (r *Relay) freed(_, _ net.Addr, _, userID, _ string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total--
	if r.byUser[userID]--; r.byUser[userID] <= 0 {
		delete(r.byUser, userID)
	}
}

// mayRelay reports whether it relays to an address.
func (r *Relay) mayRelay(_ net.Addr, peer net.IP) bool {
	addr, ok := netip.AddrFromSlice(peer)
	if ok && r.o.Policy.Check(addr) == nil {
		return true
	}
	r.refused.WithLabelValues("peer").Inc()
	return false
}

// quiet writes what the library has to say of failures into the node's log, at the level for looking closely: it names users
// and addresses.
type quiet struct{ log *logrus.Entry }

// NewLogger implements logging.LoggerFactory.
func (q quiet) NewLogger(string) logging.LeveledLogger { return leveled(q) }

type leveled struct{ log *logrus.Entry }

func (l leveled) Trace(msg string)          { l.log.Trace(msg) }
func (l leveled) Tracef(f string, a ...any) { l.log.Tracef(f, a...) }
func (l leveled) Debug(msg string)          { l.log.Debug(msg) }
func (l leveled) Debugf(f string, a ...any) { l.log.Debugf(f, a...) }
func (l leveled) Info(msg string)           { l.log.Debug(msg) }
func (l leveled) Infof(f string, a ...any)  { l.log.Debugf(f, a...) }
func (l leveled) Warn(msg string)           { l.log.Debug(msg) }
func (l leveled) Warnf(f string, a ...any)  { l.log.Debugf(f, a...) }
func (l leveled) Error(msg string)          { l.log.Debug(msg) }
func (l leveled) Errorf(f string, a ...any) { l.log.Debugf(f, a...) }
