package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"medixchange/clientapi"
	"medixchange/conference/relay"
	"medixchange/conference/sfu"
	"medixchange/internal/netguard"
)

// buildRelay starts the node's own relay, if it has one, and prepares what clients are told of it or of another.
func (n *Node) buildRelay(ctx context.Context, o Options) error {
	c := n.Config.Conference.Turn
	secret, uris := c.SharedSecret, c.URIs
	if len(c.Listen) > 0 {
		if secret == "" {
			secret = rand.Text() // credentials end with the program then
		}
		public, err := netip.ParseAddr(c.PublicIP)
		if err != nil {
			return fmt.Errorf("conference.turn.public_ip: %w", err)
		}
		n.relay, err = relay.New(ctx, relay.Options{
			Listen: c.Listen, PublicIP: public, MinPort: uint16(c.MinPort), MaxPort: uint16(c.MaxPort), Realm: n.Config.ServerName, Secret: secret,
			Policy: netguard.Policy{Allow: c.AllowPrivate}, PerUser: c.PerUser, Total: c.Total, Now: o.Now, Log: n.part("relay"), Registerer: n.registry,
		})
		if err != nil {
			return err
		}
		n.onClose(func(context.Context) error { return n.relay.Close() })
		if len(uris) == 0 {
			uris = relayURIs(public, n.relay.Addrs())
		}
	}
	if len(uris) == 0 {
		return nil
	}
	for _, uri := range uris {
		turn, err := sfuTurn(uri)
		if err != nil {
			return err
		}
		turn.Secret = secret
		n.relays = append(n.relays, turn)
	}
	n.turn = func(userID string) clientapi.TurnServer {
		lifetime := c.Lifetime.Std()
		credentials := relay.NewCredentials(secret, userID, o.Now().Add(lifetime))
		return clientapi.TurnServer{
			Username: credentials.Username, Password: credentials.Password, URIs: uris, TTL: int64(lifetime / time.Second),
		}
	}
	return nil
}

// relayURIs are the addresses of the node's own relay (RFC 7065).
func relayURIs(public netip.Addr, addrs []net.Addr) []string {
	var uris []string
	for _, addr := range addrs {
		_, port, err := net.SplitHostPort(addr.String())
		if err != nil {
			continue // what the listener says of itself
		}
		at := net.JoinHostPort(public.String(), port)
		uris = append(uris, "turn:"+at+"?transport=udp", "turn:"+at+"?transport=tcp")
	}
	return uris
}

// sfuTurn is what the SFU tells its participants of a relay under a URI (RFC 7065).
func sfuTurn(uri string) (sfu.Turn, error) {
	scheme, rest, _ := strings.Cut(uri, ":")
	address, query, _ := strings.Cut(rest, "?")
	t := sfu.Turn{Host: strings.Trim(address, "[]"), Port: 3478, Protocol: "udp"}
	if query == "transport=tcp" {
		t.Protocol = "tcp"
	}
	if scheme == "turns" {
		t.Port, t.Protocol = 5349, "tls"
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return t, nil // no port
	}
	t.Host = host
	if t.Port, err = strconv.Atoi(port); err != nil {
		return sfu.Turn{}, fmt.Errorf("conference.turn.uris: %s has no port: %w", uri, err)
	}
	return t, nil
}
