package config

import (
	"fmt"
	"net/netip"
	"slices"

	"medixchange/internal/pattern"
)

// SSO is login by the hospital's login services (OpenID Connect).
type SSO struct {
	// TrustedClients are the beginnings of addresses of clients that people are sent on to without being asked.
	TrustedClients []string `yaml:"trusted_clients"`
	// AllowPrivate lists networks that are not public in which login services may be.
	AllowPrivate []netip.Prefix `yaml:"allow_private"`
	// TrustedCA is a file of authorities to trust for login services besides the system's.
	TrustedCA string        `yaml:"trusted_ca"`
	Providers []SSOProvider `yaml:"providers"`
}

// SSOProvider is one login service.
type SSOProvider struct {
	// ID names it for good: it stands in the database with each person.
	ID               string   `yaml:"id"`
	Name             string   `yaml:"name"`
	Brand            string   `yaml:"brand"`
	Issuer           string   `yaml:"issuer"`
	ClientID         string   `yaml:"client_id"`
	ClientSecret     string   `yaml:"client_secret" secret:"all"`
	ClientSecretFile string   `yaml:"client_secret_file"`
	Scopes           []string `yaml:"scopes"`
	// The claims that hold a person's user name, what others read, and the language they read.
	LocalpartClaim string `yaml:"localpart_claim"`
	NameClaim      string `yaml:"name_claim"`
	LanguageClaim  string `yaml:"language_claim"`
	// LinkExisting gives people the accounts of their name that were made here with a password.
	LinkExisting bool `yaml:"link_existing"`
}

var ssoID = pattern.Lazy(`^[a-z0-9_-]{1,64}$`)

// Completed returns the provider with the standard values of what it leaves out.
func (p SSOProvider) Completed() SSOProvider {
	if p.Name == "" {
		p.Name = p.ID
	}
	if p.Scopes == nil {
		p.Scopes = []string{"profile"}
	}
	for value, standard := range map[*string]string{&p.LocalpartClaim: "preferred_username", &p.NameClaim: "name", &p.LanguageClaim: "locale"} {
		if *value == "" {
			*value = standard
		}
	}
	return p
}

func (c *Config) validateSSO(k *checker) {
	ids := []string{}
	for i, p := range c.SSO.Providers {
		path := fmt.Sprintf("sso.providers[%d]", i)
		k.check(ssoID().MatchString(p.ID), path+".id", "%q is not a name of small letters, digits, _ and -; it can never change", p.ID)
		k.check(!slices.Contains(ids, p.ID), path+".id", "%q stands there twice", p.ID)
		ids = append(ids, p.ID)
		k.httpURL(p.Issuer, path+".issuer")
		k.check(p.ClientID != "", path+".client_id", "is missing: the login service gives it to you when you register this server there")
	}
	for i, client := range c.SSO.TrustedClients {
		k.httpURL(client, fmt.Sprintf("sso.trusted_clients[%d]", i))
	}
	k.check(len(c.SSO.Providers) == 0 || c.PublicBaseURL != "", "public_base_url",
		"is needed for sso.providers: browsers come back there from the login service; write for example https://matrix.hospital.example")
}
