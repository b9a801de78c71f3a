package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Options describes one login service.
type Options struct {
	// ID names the service in paths and in the database; it must never change.
	ID   string
	Name string // what people read on the button
	// Brand is one of the specification's names of well-known services, or "".
	Brand        string
	Issuer       string
	ClientID     string
	ClientSecret string
	Scopes       []string // besides openid
	// The claims that hold a user's name here, what others read, and the language they read.
	LocalpartClaim string
	NameClaim      string
	LanguageClaim  string
	// RedirectURL is where browsers come back to.
	RedirectURL string
	// HTTP calls the service.
	HTTP *http.Client
	Now  func() time.Time
}

// Provider is one login service. It is safe for concurrent use. The service is asked for its addresses when they are first
// needed, so that the node starts while it is away.
type Provider struct {
	Options

	mu         sync.Mutex
	discovered *oidc.Provider
}

// New returns a provider; nothing is called yet.
func New(o Options) *Provider { return &Provider{Options: o} }

// Identity is a person as the service knows them.
type Identity struct {
	Provider string
	// Subject never changes and is never given to another person.
	Subject   string
	Localpart string // as the service writes it
	Name      string
	Language  string // BCP 47, or ""
}

// Errors of Finish. Both mean that nobody is logged in.
var (
	// ErrUnreachable means that the service could not be asked.
	ErrUnreachable = errors.New("the login service does not answer")
	// ErrRefused means that what came back does not prove who it is.
	ErrRefused = errors.New("the login service did not confirm the login")
)

const callTimeout = 20 * time.Second

// discover reads the service's addresses once.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.discovered != nil {
		return p.discovered, nil
	}
	// The context given here is kept for fetching keys later on, so it is not that of a request.
	lasting := oidc.ClientContext(context.WithoutCancel(ctx), p.HTTP)
	found := make(chan error, 1)
	var provider *oidc.Provider
	go func() {
		var err error
		provider, err = oidc.NewProvider(lasting, p.Issuer)
		found <- err
	}()
	select {
	case err := <-found:
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		p.discovered = provider
		return provider, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	}
}

func (p *Provider) oauth(service *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: service.Endpoint(), RedirectURL: p.RedirectURL,
		Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...),
	}
}

// Begin returns where to send the browser of a visit. again asks the service to have the person log in once more.
func (p *Provider) Begin(ctx context.Context, v *Visit, again bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	service, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(v.nonce), oauth2.S256ChallengeOption(v.verifier)}
	if again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return p.oauth(service).AuthCodeURL(v.State, options...), nil
}

// Finish exchanges the code with which the browser came back and verifies who it is. The error wraps ErrUnreachable or
// ErrRefused.
func (p *Provider) Finish(ctx context.Context, v *Visit, code string) (Identity, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.HTTP), callTimeout)
	defer cancel()
	service, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	token, err := p.oauth(service).Exchange(ctx, code, oauth2.VerifierOption(v.verifier))
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) {
		return Identity{}, fmt.Errorf("%w: status %d, %s", ErrRefused, answered.Response.StatusCode, answered.ErrorCode)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := service.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.Now}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if verified.Nonce != v.nonce {
		return Identity{}, fmt.Errorf("%w: another nonce", ErrRefused)
	}
	return p.identity(ctx, service, verified, token)
}

// identity reads the claims, from the token and, where it lacks them, from the service.
func (p *Provider) identity(ctx context.Context, service *oidc.Provider, verified *oidc.IDToken, token *oauth2.Token) (Identity, error) {
	claims := map[string]json.RawMessage{}
	if err := verified.Claims(&claims); err != nil {
		return Identity{}, fmt.Errorf("%w: its claims: %w", ErrRefused, err)
	}
	if text(claims, p.LocalpartClaim) == "" && service.UserInfoEndpoint() != "" {
		info, err := service.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return Identity{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		more := map[string]json.RawMessage{}
		if err := info.Claims(&more); err != nil || info.Subject != verified.Subject {
			return Identity{}, fmt.Errorf("%w: its information is about somebody else", ErrRefused)
		}
		for name, value := range more {
			if _, there := claims[name]; !there {
				claims[name] = value
			}
		}
	}
	who := Identity{
		Provider: p.ID, Subject: verified.Subject,
		Localpart: text(claims, p.LocalpartClaim), Name: text(claims, p.NameClaim), Language: text(claims, p.LanguageClaim),
	}
	if who.Subject == "" || who.Localpart == "" {
		return Identity{}, fmt.Errorf("%w: it does not tell %s", ErrRefused, p.LocalpartClaim)
	}
	return who, nil
}

// text returns a claim that is a text, "" for all others.
func text(claims map[string]json.RawMessage, name string) string {
	var value string
	if name == "" || json.Unmarshal(claims[name], &value) != nil {
		return ""
	}
	return value
}
