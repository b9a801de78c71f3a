package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"

	"medixchange/cmd/medix/media"
	"medixchange/conference/rtc"
	"medixchange/conference/sfu"
	"medixchange/internal/config"
	"medixchange/internal/web"
)

// buildConference prepares the SFU and who may use it.
func (n *Node) buildConference(ctx context.Context, o Options) error {
	c := n.Config.Conference.SFU
	kind := c.Kind()
	if kind == config.SFUOff {
		return nil
	}
	relay, err := n.sfuRelay()
	if err != nil {
		return err
	}
	n.sfu, err = sfu.New(ctx, sfu.Options{
		Config: c, ClientURL: n.Config.ClientURL(), DataDir: n.Config.DataDir, Program: n.mediaProgram, Turn: relay,
		Now: o.Now, Log: n.part("sfu"), Registerer: n.registry,
	})
	if err != nil {
		return fmt.Errorf("conference.sfu: %w", err)
	}
	n.onClose(func(context.Context) error { return n.sfu.Close() })
	if kind == config.SFUEmbedded {
		if _, err := n.mediaProgram(); err != nil {
			return fmt.Errorf("conference.sfu: %w", err)
		}
	}
	rate := config.Rate{}
	if n.Config.Limits.RatesEnabled {
		rate = n.Config.Limits.Rates.Other
	}
	n.rtc, err = rtc.New(ctx, rtc.Options{
		SFU: n.sfu, DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Remote: n.remote, Delayed: n.Delayed, ServerName: n.Config.ServerName,
		ClientURL: n.Config.ClientURL(), AllowServer: n.allow, PerSecond: rate.PerSecond, Burst: rate.Burst,
		ClientIP: func(r *http.Request) string { return web.ClientIP(r, n.Config.Listen.TrustedProxies).String() },
		Now:      o.Now, Log: n.part("conferences"),
	})
	if err != nil {
		return fmt.Errorf("preparing conferences: %w", err)
	}
	return nil
}

func (n *Node) mediaProgram() (string, error) {
	if path := n.Config.Conference.SFU.Program; path != "" {
		return path, nil
	}
	return media.Find(n.Config.DataDir)
}

// sfuRelay is the relay that participants of conferences are told of: the node's own, nil without one.
func (n *Node) sfuRelay() (*sfu.Turn, error) {
	if n.relay == nil {
		return nil, nil
	}
	public, err := netip.ParseAddr(n.Config.Conference.Turn.PublicIP)
	if err != nil {
		return nil, fmt.Errorf("conference.turn.public_ip: %w", err)
	}
	for _, addr := range n.relay.Addrs() {
		_, text, err := net.SplitHostPort(addr.String())
		if err != nil {
			continue // what the listener says of itself
		}
		port, err := strconv.Atoi(text)
		if err == nil {
			return &sfu.Turn{Host: public.String(), Port: port, Secret: n.relaySecret}, nil
		}
	}
	return nil, nil
}

// conferenceRoutes are what clients ask about conferences, and what the well-known file says of them.
func (n *Node) conferenceRoutes() (more []func(*web.Router), foci any) {
	if n.rtc == nil {
		return nil, nil
	}
	return []func(*web.Router){n.rtc.ClientRoutes}, n.rtc.Foci()
}
