package alliance

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"medixchange/alliance/signed"
)

// Head names the newest documents that a server has. It is what others ask for first.
type Head struct {
	Alliance    string `json:"alliance"`
	Charter     int64  `json:"charter"`
	CharterHash string `json:"charter_hash"`
	Serial      int64  `json:"serial"` // 0 without a list
	MembersHash string `json:"members_hash"`
	ExpiresTS   int64  `json:"expires_ts"` // ms
}

// Head returns what this node has.
func (k *Keeper) Head() Head {
	c := k.current.Load()
	h := Head{Alliance: c.charter().Alliance, Charter: c.charter().Version, CharterHash: c.charter().Hash()}
	if c.members != nil {
		h.Serial, h.MembersHash, h.ExpiresTS = c.members.Serial, c.members.Hash(), c.members.ExpiresTS
	}
	return h
}

const (
	// maxHead and maxChartersPage bound what is read from others besides lists.
	maxHead         = 4 << 10
	maxChartersPage = 1 << 20
	// askedMembers is how many members besides the peers are asked in one round, and hintedMembers how many are told of
	// something new: enough that news reaches everybody although most know few others.
	askedMembers  = 3
	hintedMembers = 8
	atOnce        = 8
	askTimeout    = 30 * time.Second
)

// Run asks others for news, when it is time and when they say that there is some, until ctx ends, whose error it returns.
// Hints, of which anybody may send many, never put off the next round.
func (k *Keeper) Run(ctx context.Context) error {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-next.C:
			k.round(ctx)
			k.warn()
			next.Reset(k.o.Poll - k.o.Poll/10 + rand.N(k.o.Poll/5+1))
		case server := <-k.hints:
			k.follow(ctx, server)
		}
	}
}

// Hinted notes that a server says it has something new. It never waits; what is too much is left to the next round.
func (k *Keeper) Hinted(server string) {
	select {
	case k.hints <- server:
	default:
	}
}

// hintPause is how long after a hint further ones of the same server are left to the next round.
const hintPause = 2 * time.Second

// follow asks a server that gave a hint.
func (k *Keeper) follow(ctx context.Context, server string) {
	now := k.o.Now()
	if last, ok := k.asked.Get(server); ok && now.Sub(last) < hintPause {
		return
	}
	k.asked.Add(server, now)
	k.askAll(ctx, []string{server})
}

// Poll asks others now.
func (k *Keeper) Poll(ctx context.Context) { k.round(ctx) }

func (k *Keeper) round(ctx context.Context) { k.askAll(ctx, k.some(askedMembers)) }

// some returns the peers and a few admitted members, in random order.
func (k *Keeper) some(members int) []string {
	servers := slices.Clone(k.o.Peers)
	if list := k.Members(); list != nil {
		for _, i := range rand.Perm(len(list.Hospitals)) {
			if members == 0 {
				break
			}
			h := list.Hospitals[i]
			if h.Status == signed.Admitted && !slices.Contains(servers, h.ServerName) {
				servers = append(servers, h.ServerName)
				members--
			}
		}
	}
	return slices.DeleteFunc(servers, func(server string) bool { return server == k.o.Self || !k.o.MayAsk(server) })
}

// askAll asks servers and tells others when something new was taken.
func (k *Keeper) askAll(ctx context.Context, servers []string) {
	before := k.Head()
	each(servers, func(server string) {
		asking, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		outcome, err := k.ask(asking, server)
		k.metrics.polls.WithLabelValues(outcome).Inc()
		if err != nil && ctx.Err() == nil {
			k.o.Log.WithError(err).WithField("peer", server).Debug("asking for documents of the alliance")
		}
	})
	if k.Head() != before {
		k.Tell(ctx)
	}
}

func each(servers []string, do func(server string)) {
	var working sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, server := range servers {
		working.Add(1)
		slots <- struct{}{}
		go func() {
			defer working.Done()
			defer func() { <-slots }()
			do(server)
		}()
	}
	working.Wait()
}

// Tell hints others that there is something new here.
func (k *Keeper) Tell(ctx context.Context) {
	each(k.some(hintedMembers), func(server string) {
		telling, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if err := k.o.Remote.AllianceHint(telling, server); err != nil && ctx.Err() == nil {
			k.o.Log.WithError(err).WithField("peer", server).Debug("telling of documents of the alliance")
		}
	})
}

// ask takes what is newer at a server.
func (k *Keeper) ask(ctx context.Context, server string) (outcome string, err error) {
	raw, err := k.o.Remote.AlliancePage(ctx, server, "/head", maxHead)
	if err != nil {
		return "unreachable", err
	}
	var theirs Head
	if err := json.Unmarshal(raw, &theirs); err != nil {
		return "unreachable", fmt.Errorf("reading the head of %s: %w", server, err)
	}
	ours := k.Head()
	if theirs.Alliance != ours.Alliance || theirs.CharterHash == ours.CharterHash && theirs.MembersHash == ours.MembersHash {
		return "same", nil
	}
	if theirs.Charter > ours.Charter {
		if err := k.askCharters(ctx, server, ours.Charter); err != nil {
			return "refused", err
		}
	}
	if theirs.MembersHash == "" || theirs.MembersHash == ours.MembersHash || theirs.Charter == ours.Charter && theirs.Serial < ours.Serial {
		return "same", nil
	}
	raw, err = k.o.Remote.AlliancePage(ctx, server, "/members", signed.MaxBytes)
	if err != nil {
		return "unreachable", err
	}
	took, err := k.TakeMembers(ctx, raw, server)
	switch {
	case err != nil:
		return "refused", err
	case took:
		return "newer", nil
	}
	return "same", nil
}

func (k *Keeper) askCharters(ctx context.Context, server string, after int64) error {
	query := url.Values{"after": {strconv.FormatInt(after, 10)}}
	raw, err := k.o.Remote.AlliancePage(ctx, server, "/charters?"+query.Encode(), maxChartersPage)
	if err != nil {
		return err
	}
	var page struct {
		Charters []json.RawMessage `json:"charters"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return fmt.Errorf("reading the charters of %s: %w", server, err)
	}
	for _, charter := range page.Charters {
		if _, err := k.TakeCharter(ctx, charter, server); err != nil {
			return err
		}
	}
	return nil
}

// warn says in the log what an administrator must know before the gate closes.
func (k *Keeper) warn() {
	list := k.Members()
	if list == nil {
		if k.o.Gate.o.Mode != ModeOpen {
			k.o.Log.Warn("there is no member list yet: no other server is let in")
		}
		return
	}
	left := list.Expires().Sub(k.o.Now())
	entry := k.o.Log.WithField("serial", list.Serial).WithField("ends", list.Expires().UTC().Format(time.RFC3339))
	switch {
	case left < -k.o.Gate.o.Grace:
		entry.Error("the member list has ended, and the time of grace after it: no other server is let in until the coordinators sign another")
	case left < 0:
		entry.WithField("closes_in", (left + k.o.Gate.o.Grace).Round(time.Minute).String()).Error("the member list has ended; it holds for the time of grace")
	case left < k.o.Warn:
		entry.WithField("left", left.Round(time.Minute).String()).Warn("the member list ends soon and there is no newer one")
	}
}
