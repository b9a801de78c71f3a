package node

import (
	"context"
	"net/http"

	"medixchange/accounts/pagelogin"
	"medixchange/internal/web"
)

// buildLogin builds the login of the node's own pages.
func (n *Node) buildLogin(_ context.Context, o Options) error {
	address := func(r *http.Request) string { return web.ClientIP(r, n.Config.Listen.TrustedProxies).String() }
	options := pagelogin.Options{
		Accounts: n.Accounts, BaseURL: n.Config.PublicBaseURL, ClientIP: address, Log: n.part("login"), Now: o.Now,
	}
	for _, p := range n.Config.SSO.Providers {
		p = p.Completed()
		options.Services = append(options.Services, pagelogin.Service{ID: p.ID, Name: p.Name})
	}
	if attempts := n.loginAttempts(); attempts != nil {
		options.Limit = func(r *http.Request) error { return attempts.Check(address(r)) }
	}
	n.login = pagelogin.New(options)
	return nil
}

// loginAttempts bounds how often an address may try to log in to pages; nil where nothing is limited.
func (n *Node) loginAttempts() *web.Limiter {
	if !n.Config.Limits.RatesEnabled {
		return nil
	}
	rate := n.Config.Limits.Rates.Login
	return web.NewLimiter(rate.PerSecond, rate.Burst, keptAttempts)
}
