package node

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"medixchange/accounts/sso"
	"medixchange/clientapi"
	"medixchange/internal/netguard"
)

// guarded is a transport whose calls go through the node's guard.
type guarded struct{ *netguard.Client }

// RoundTrip implements http.RoundTripper.
func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) { return g.Do(r) }

const (
	loginServiceTimeout = 15 * time.Second
	loginServiceAnswer  = 1 << 20
)

// loginServices builds the providers of single sign-on. None of them is called yet.
func (n *Node) loginServices(now func() time.Time) ([]*sso.Provider, error) {
	c := n.Config.SSO
	if len(c.Providers) == 0 {
		return nil, nil
	}
	options := netguard.Options{
		Policy: netguard.Policy{Allow: c.AllowPrivate}, Timeout: loginServiceTimeout, MaxBody: loginServiceAnswer, UserAgent: "medix/" + Version,
	}
	if c.TrustedCA != "" {
		roots, err := netguard.LoadRoots(c.TrustedCA)
		if err != nil {
			return nil, fmt.Errorf("sso.trusted_ca: %w", err)
		}
		options.RootCAs = roots
	}
	client := &http.Client{Transport: guarded{netguard.New(options)}}
	providers := make([]*sso.Provider, len(c.Providers))
	for i, p := range c.Providers {
		p = p.Completed()
		providers[i] = sso.New(sso.Options{
			ID: p.ID, Name: p.Name, Brand: p.Brand, Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, Scopes: p.Scopes,
			LocalpartClaim: p.LocalpartClaim, NameClaim: p.NameClaim, LanguageClaim: p.LanguageClaim,
			RedirectURL: strings.TrimRight(n.Config.PublicBaseURL, "/") + clientapi.SSOCallback, HTTP: client, Now: now,
		})
	}
	return providers, nil
}
