package tests

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// loginService is an OpenID Connect service that lets in at once whoever person says.
type loginService struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey

	mu     sync.Mutex
	person map[string]any        // claims of the one who logs in
	inInfo map[string]any        // what only the userinfo endpoint tells
	codes  map[string]url.Values // requests by code
	spoil  func(claims map[string]any)
	prompt string // that the last request asked for
}

const serviceClient, serviceSecret = "medix", "secret of the client"

func newLoginService(t *testing.T) *loginService {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	s := &loginService{t: t, key: key, codes: map[string]url.Values{}, spoil: func(map[string]any) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/authorize", s.authorize)
	mux.HandleFunc("/token", s.token)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answer(w, s.inInfo)
	})
	s.server = httptest.NewTLSServer(mux)
	t.Cleanup(s.server.Close)
	return s
}

func (s *loginService) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.t.Errorf("answering: %v", err)
	}
}

func (s *loginService) discovery(w http.ResponseWriter, _ *http.Request) {
	at := s.server.URL
	s.answer(w, map[string]any{
		"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "jwks_uri": at + "/keys",
		"userinfo_endpoint": at + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (s *loginService) authorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := r.URL.Query()
	s.prompt = asked.Get("prompt")
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil || asked.Get("client_id") != serviceClient || asked.Get("code_challenge_method") != "S256" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	s.codes[code] = asked
	query := url.Values{"state": {asked.Get("state")}, "code": {code}}
	if s.person == nil {
		query = url.Values{"state": {asked.Get("state")}, "error": {"access_denied"}}
	}
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (s *loginService) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, password, _ := r.BasicAuth()
	asked := s.codes[r.FormValue("code")]
	delete(s.codes, r.FormValue("code"))
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if user != serviceClient || password != url.QueryEscape(serviceSecret) || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) {
		w.WriteHeader(http.StatusBadRequest)
		s.answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": s.server.URL, "aud": serviceClient, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "nonce": asked.Get("nonce"),
	}
	maps.Copy(claims, s.person)
	s.spoil(claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: s.key, KeyID: "1"}}, nil)
	require.NoError(s.t, err)
	encoded, err := json.Marshal(claims)
	require.NoError(s.t, err)
	signed, err := signer.Sign(encoded)
	require.NoError(s.t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(s.t, err)
	s.answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": compact})
}

func (s *loginService) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// as makes a person the one who logs in.
func (s *loginService) as(person map[string]any) { s.set(func() { s.person = person }) }

// authority writes the authority of the service's certificate into a file.
func (s *loginService) authority() string {
	path := filepath.Join(s.t.TempDir(), "service.pem")
	raw := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
	require.NoError(s.t, os.WriteFile(path, raw, 0o600))
	return path
}
