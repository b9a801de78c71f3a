package engine

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// googleAccount is a service account: it signs a claim of its own and gets a token for it, good for an hour (RFC 7523,
// https://developers.google.com/identity/protocols/oauth2/service-account).
type googleAccount struct {
	Project  string `json:"project_id"`
	Email    string `json:"client_email"`
	KeyID    string `json:"private_key_id"`
	Key      string `json:"private_key"`
	TokenURL string `json:"token_uri"`

	key    *rsa.PrivateKey
	client *service

	mu      sync.Mutex
	token   string
	renewAt time.Time
}

const googleScope = "https://www.googleapis.com/auth/cloud-translation"

// isAccount reports whether a key is the JSON of a service account.
func isAccount(key string) bool { return strings.HasPrefix(strings.TrimSpace(key), "{") }

// TokenHost is the host that gives tokens to the service account of a Google key, "" for an API key. It sees no text, but
// it must be allowed like the one that does.
func TokenHost(key string) (string, error) {
	if !isAccount(key) {
		return "", nil
	}
	var account googleAccount
	if err := json.Unmarshal([]byte(key), &account); err != nil {
		return "", errors.New("the service account is not the JSON file that Google gives")
	}
	u, err := url.Parse(account.TokenURL)
	if err != nil || u.Hostname() == "" {
		return "", errors.New("the service account has no token_uri")
	}
	return u.Hostname(), nil
}

func readAccount(remote Remote, client Doer) (*googleAccount, error) {
	a := &googleAccount{}
	if _, err := TokenHost(remote.APIKey); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(remote.APIKey), a); err != nil {
		return nil, errors.New("the service account is not the JSON file that Google gives")
	}
	block, _ := pem.Decode([]byte(a.Key))
	if block == nil || a.Project == "" || a.Email == "" {
		return nil, errors.New("the service account needs project_id, client_email and private_key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the private key of the service account cannot be read")
	}
	var ok bool
	if a.key, ok = parsed.(*rsa.PrivateKey); !ok {
		return nil, errors.New("the private key of the service account is not an RSA key")
	}
	a.client, err = newService("the token service", Remote{URL: a.TokenURL, AllowExternal: remote.AllowExternal}, client)
	if err != nil {
		return nil, err
	}
	a.client.fault = tokenFault
	return a, nil
}

// tokenFault: what the token service does not take is the account, whatever it calls it (invalid_grant, invalid_client).
func tokenFault(status int, header http.Header, _ []byte) error {
	if status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden {
		return fmt.Errorf("%w: status %d", ErrKey, status)
	}
	return statusFault(status, header)
}

// forget drops the token, which the service does not take any more.
func (a *googleAccount) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = ""
}

// sign adds a token to a request, getting one if none is good any more.
func (a *googleAccount) sign(r *http.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == "" || time.Now().After(a.renewAt) {
		if err := a.renew(r.Context(), time.Now()); err != nil {
			return fmt.Errorf("getting a token: %w", err)
		}
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	return nil
}

func (a *googleAccount) renew(ctx context.Context, now time.Time) error {
	claim, err := a.claim(now)
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {claim}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.client.base, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := a.client.exchange(request, &answer); err != nil {
		return err
	}
	if answer.Token == "" {
		return errors.New("the answer has no token")
	}
	a.token = answer.Token
	a.renewAt = now.Add(time.Duration(min(max(answer.Seconds, 0), 3600))*time.Second - time.Minute)
	return nil
}

// claim is a JSON web token (RFC 7519) with RS256.
func (a *googleAccount) claim(now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.KeyID})
	if err != nil {
		return "", fmt.Errorf("writing the claim: %w", err)
	}
	body, err := json.Marshal(map[string]any{
		"iss": a.Email, "scope": googleScope, "aud": a.TokenURL, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("writing the claim: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing the claim: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
