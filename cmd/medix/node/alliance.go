package node

import (
	"context"
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"medixchange/alliance"
	"medixchange/alliance/doors"
	"medixchange/alliance/policyroom"
	"medixchange/alliance/signed"
	"medixchange/federation"
	"medixchange/internal/config"
	"medixchange/translator/bridge"
)

// buildGate composes the one function that says which servers this node has to do with: the administrator's lists, then the
// alliance's.
func (n *Node) buildGate(_ context.Context, o Options) error {
	listed := federation.AllowServers(n.Config.Federation)
	n.listed, n.allow = listed, listed
	if !n.Config.Alliance.Enabled {
		return nil
	}
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "medix_alliance_refused_total",
		Help: "Times that a server was not let in or not called, by reason."}, []string{"reason"})
	if err := n.registry.Register(refused); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	count := map[alliance.Refusal]prometheus.Counter{}
	for _, why := range alliance.Refusals() {
		count[why] = refused.WithLabelValues(string(why))
	}
	n.gate = alliance.NewGate(alliance.GateOptions{
		Self: n.Config.ServerName, Mode: alliance.Mode(n.Config.Alliance.Mode), Grace: n.Config.Alliance.Grace.Std(), Now: o.Now,
		Named:   named(n.Config.Alliance.Also),
		Refused: func(why alliance.Refusal) { count[why].Inc() },
	})
	n.allow = func(server string) bool { return listed(server) && n.gate.Allows(server) }
	return nil
}

// named tells which servers the administrator names.
func named(patterns []string) func(server string) bool {
	if len(patterns) == 0 {
		return func(string) bool { return false }
	}
	return federation.AllowServers(config.Federation{Enabled: true, AllowServers: patterns})
}

func (n *Node) buildAlliance(ctx context.Context, o Options) error {
	if n.gate == nil {
		return nil
	}
	raw, err := os.ReadFile(n.Config.Alliance.Charter)
	if err != nil {
		return fmt.Errorf("alliance.charter: %w", err)
	}
	pinned, err := signed.ReadCharter(raw)
	if err != nil {
		return fmt.Errorf("alliance.charter: %s: %w", n.Config.Alliance.Charter, err)
	}
	n.Alliance, err = alliance.NewKeeper(ctx, alliance.Options{
		DB: n.DB, Gate: n.gate, Pinned: pinned, Remote: n.remote, Self: n.Config.ServerName, Peers: n.Config.Alliance.Peers,
		MayAsk: n.listed, Poll: n.Config.Alliance.Poll.Std(), Warn: n.Config.Alliance.Warn.Std(), Now: o.Now,
		Log: n.part("alliance"), Registerer: n.registry, Changed: n.membersChanged,
	})
	if err != nil {
		return fmt.Errorf("alliance: %w", err)
	}
	return nil
}

// buildDoors builds what follows the member list in the rooms.
func (n *Node) buildDoors(_ context.Context, o Options) error {
	if n.Alliance == nil {
		return nil
	}
	if n.Config.Alliance.CloseRooms {
		options := doors.Options{DB: n.DB, Rooms: n.Rooms, Members: n.Alliance.Members, Now: o.Now, Log: n.part("alliance")}
		if n.bridge != nil {
			options.Told = n.bridge.TellOfDoors
		}
		n.doors = doors.New(options)
	}
	if n.Config.Alliance.PolicyRoom {
		n.mirror = policyroom.New(policyroom.Options{Keeper: n.Alliance, Rooms: n.Rooms, Accounts: n.Accounts, Log: n.part("alliance")})
	}
	return nil
}

// standing says how a server stands in the alliance.
func (n *Node) standing(server string) bridge.Standing {
	list := n.Alliance.Members()
	if list == nil {
		return bridge.StandsNowhere
	}
	h, ok := list.Find(server)
	switch {
	case !ok:
		return bridge.StandsNowhere
	case h.Status == signed.Suspended:
		return bridge.StandsOut
	}
	return bridge.StandsIn
}

// membersChanged has sent what waited for those who may take part now.
func (n *Node) membersChanged(before, now *signed.MemberList) {
	n.Topics.Changed()
	if n.doors != nil {
		n.doors.Changed(before, now)
	}
	if n.mirror != nil {
		n.mirror.Changed()
	}
	for _, change := range signed.Diff(before, now) {
		if n.allow(change.ServerName) {
			n.sender.Retry(change.ServerName)
		}
	}
	for _, h := range now.Hospitals {
		if n.allow(h.ServerName) {
			n.sender.Admitted(h.ServerName)
		}
	}
}
