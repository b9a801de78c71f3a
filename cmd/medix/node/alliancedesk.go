package node

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"medixchange/alliance/applicant"
	"medixchange/alliance/desk"
	"medixchange/alliance/pages"
	"medixchange/federation"
	"medixchange/internal/netguard"
	"medixchange/internal/web"
)

// proofTimeout bounds each call to a server whose domain is looked at, or that this hospital applies to.
const proofTimeout = 20 * time.Second

// buildDesk builds what hospitals apply with, here or elsewhere, and the pages of the alliance.
func (n *Node) buildDesk(ctx context.Context, o Options) error {
	if n.Alliance == nil {
		return nil
	}
	guard, err := federation.NewGuard(n.Config.Federation, proofTimeout, "medix/"+Version)
	if err != nil {
		return fmt.Errorf("alliance: %w", err)
	}
	n.onClose(func(context.Context) error { guard.Close(); return nil })
	n.applicant = applicant.New(applicant.Options{
		DB: n.DB, HTTP: guard, Self: n.Config.ServerName, PlainHTTP: n.Alliance.Charter().Rehearsal, Now: o.Now,
	})
	if n.Config.Alliance.Applications.Enabled {
		if err := n.openDesk(ctx, o, guard); err != nil {
			return err
		}
	}
	n.alliancePages = pages.New(pages.Options{
		Keeper: n.Alliance, Desk: n.Desk, Login: n.login, Peers: n.Config.Alliance.Peers,
		LimitApply: n.perHour(n.Config.Alliance.Applications.PerHour), LimitProof: n.perHour(proofsPerHour),
		From: n.clientAddress, Log: n.part("alliance"), Metrics: n.requests,
	})
	return nil
}

// proofsPerHour is how often the applicants of one address may have a domain looked at.
const proofsPerHour = 120

func (n *Node) openDesk(ctx context.Context, o Options, guard *netguard.Client) error {
	a := n.Config.Alliance.Applications
	limits := desk.DefaultLimits()
	limits.Open, limits.Papers, limits.PaperBytes, limits.AllPapers = a.MaxOpen, a.Papers, int64(a.MaxPaper), int64(a.MaxPapers)
	limits.ProofWithin, limits.PapersKept = a.ProofWithin.Std(), a.PapersKept.Std()
	coordinators := map[string]string{}
	for _, c := range a.Coordinators {
		coordinators[c.User] = c.ID
	}
	var err error
	n.Desk, err = desk.New(ctx, desk.Options{
		DB: n.DB, Keeper: n.Alliance, Prover: desk.NewProver(desk.Resolver(), guard), Limits: limits, Coordinators: coordinators,
		Self: n.Config.ServerName, Now: o.Now, Log: n.part("alliance"),
	})
	return err
}

func (n *Node) clientAddress(r *http.Request) string {
	return web.ClientIP(r, n.Config.Listen.TrustedProxies).String()
}

// perHour bounds what one address does in an hour; nil where nothing is limited.
func (n *Node) perHour(times int) func(*http.Request) error {
	if !n.Config.Limits.RatesEnabled {
		return nil
	}
	limit := web.NewLimiter(float64(times)/time.Hour.Seconds(), times, keptAttempts)
	return func(r *http.Request) error { return limit.Check(n.clientAddress(r)) }
}

// showChallenge answers where other servers look whether this domain is this hospital's.
func (n *Node) showChallenge(mux *http.ServeMux) {
	if n.applicant != nil {
		mux.HandleFunc("/.well-known/medixchange/", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != desk.ChallengePath || r.Method != http.MethodGet {
				web.WriteError(w, web.Unrecognized(http.StatusNotFound))
				return
			}
			n.applicant.Challenges(w, r)
		})
	}
}
