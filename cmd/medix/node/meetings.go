package node

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"medixchange/cmd/medix/media"
	"medixchange/conference/rtc"
	"medixchange/conference/sfu"
	"medixchange/internal/config"
	"medixchange/internal/netguard"
	"medixchange/internal/web"
)

// buildConference prepares the SFU and who may use it.
func (n *Node) buildConference(ctx context.Context, o Options) error {
	c := n.Config.Conference.SFU
	kind := c.Kind()
	if kind == config.SFUOff {
		return nil
	}
	var err error
	n.sfu, err = sfu.New(ctx, sfu.Options{
		Config: c, ClientURL: n.Config.ClientURL(), DataDir: n.Config.DataDir, Program: n.mediaProgram, Turns: n.relays,
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
	n.Conferences, err = rtc.New(ctx, rtc.Options{
		SFU: n.sfu, DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Remote: n.remote, Delayed: n.Delayed, ServerName: n.Config.ServerName,
		ClientURL: n.Config.ClientURL(), AllowServer: n.allow, PerSecond: rate.PerSecond, Burst: rate.Burst,
		ClientIP: func(r *http.Request) string { return web.ClientIP(r, n.Config.Listen.TrustedProxies).String() },
		Program:  n.mediaProgram, Outside: n.outside(c), Abroad: n.abroad(),
		Now: o.Now, Log: n.part("conferences"),
	})
	if err != nil {
		return fmt.Errorf("preparing conferences: %w", err)
	}
	return nil
}

// outside is where the node may connect to when it examines itself: everywhere public, and at itself.
func (n *Node) outside(c config.SFU) netguard.Policy {
	policy := netguard.Policy{Allow: slices.Clone(c.AllowPrivate)}
	hosts := append([]string{c.PublicIP, n.Config.Conference.Turn.PublicIP}, c.ListenIPs...)
	if u, err := url.Parse(n.Config.ClientURL()); err == nil {
		hosts = append(hosts, u.Hostname())
	}
	for _, host := range hosts {
		if ip, err := netip.ParseAddr(host); err == nil {
			policy.Allow = append(policy.Allow, netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	return policy
}

// abroad is where the node may connect to at other hospitals.
func (n *Node) abroad() netguard.Policy {
	return netguard.Policy{Allow: n.Config.Federation.AllowPrivate, Deny: n.Config.Federation.DenyNetworks}
}

func (n *Node) mediaProgram() (string, error) {
	if path := n.Config.Conference.SFU.Program; path != "" {
		return path, nil
	}
	return media.Find(n.Config.DataDir)
}

// conferenceRoutes are what clients ask about conferences, and what the well-known file says of them.
func (n *Node) conferenceRoutes() (more []func(*web.Router), foci any) {
	more = []func(*web.Router){n.recordingRoutes}
	if n.Conferences == nil {
		return more, nil
	}
	return append(more, n.Conferences.ClientRoutes), n.Conferences.Foci()
}
