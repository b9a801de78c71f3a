package record

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/gorilla/websocket"

	"medixchange/internal/netguard"
)

// guard lets the recorder connect to the SFU of its own hospital, and to those of others where the policy allows: their address is
// what others say in a room.
type guard struct {
	outside *netguard.Client

	mu  sync.Mutex
	own map[string]bool // addresses of the own hospital's SFU
}

func newGuard(policy netguard.Policy) *guard {
	return &guard{outside: netguard.New(netguard.Options{Policy: policy, Timeout: joinTimeout}), own: map[string]bool{}}
}

// install makes every connection of this process pass the guard. LiveKit's client takes no dialer but the default ones of its
// libraries; the recorder is a process of its own.
func (g *guard) install() {
	websocket.DefaultDialer = &websocket.Dialer{NetDialContext: g.dial, HandshakeTimeout: joinTimeout}
	http.DefaultTransport = &http.Transport{DialContext: g.dial, TLSHandshakeTimeout: joinTimeout, ResponseHeaderTimeout: joinTimeout}
}

// trust notes where the own hospital's SFU is, which may be on this machine.
func (g *guard) trust(sfu string) error {
	address, err := addressOf(sfu)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.own[address] = true
	return nil
}

// check refuses another hospital's SFU that is at an address of the own one: only the own hospital sends the recorder there.
func (g *guard) check(sfu string) error {
	address, err := addressOf(sfu)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.own[address] {
		return fmt.Errorf("another hospital says that its SFU is ours: %w", netguard.ErrBlocked)
	}
	return nil
}

func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	g.mu.Lock()
	own := g.own[address]
	g.mu.Unlock()
	if own {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, address)
	}
	conn, err := g.outside.Dial(ctx, network, address)
	if errors.Is(err, netguard.ErrBlocked) {
		fmt.Fprintf(os.Stderr, "record: the SFU of another hospital is where this one does not connect to: %v\n", err) // LiveKit's client keeps it for itself
	}
	return conn, err
}

// addressOf returns the host and port of a WebSocket's address.
func addressOf(sfu string) (string, error) {
	u, err := url.Parse(sfu)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "" || u.User != nil {
		return "", errors.New("the SFU's address is none of a WebSocket")
	}
	if port := u.Port(); port != "" {
		return net.JoinHostPort(u.Hostname(), port), nil
	}
	if u.Scheme == "ws" {
		return net.JoinHostPort(u.Hostname(), "80"), nil
	}
	return net.JoinHostPort(u.Hostname(), "443"), nil
}
