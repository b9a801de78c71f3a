package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"medixchange/internal/netguard"
)

const (
	maxAnswerBytes = 1 << 20
	maxFaultBytes  = 64 << 10 // of an answer that tells of an error
)

// Doer sends an HTTP request: the node's guarded client, or an http.Client in tests.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Remote tells where a service is and what proves that we may use it.
type Remote struct {
	URL           string   // of the service, without the paths of its protocol
	APIKey        string   // may be empty where the service wants none
	AllowExternal []string // hosts outside of this machine that may see text
}

// service calls one HTTP service. Its errors hold statuses and codes, never text, keys or the service's words, which may
// repeat the text.
type service struct {
	name   string
	base   string
	client Doer
	sign   func(*http.Request) error                       // adds the key; may be nil
	fault  func(status int, h http.Header, b []byte) error // what an answer with an error means; nil: statusFault
}

// newService refuses hosts that the configuration does not name; it makes no request.
func newService(name string, remote Remote, client Doer) (*service, error) {
	base, err := url.Parse(remote.URL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, fmt.Errorf("%s: the url is not an http or https address", name)
	}
	if err := allowHost(base.Hostname(), remote.AllowExternal); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &service{name: name, base: strings.TrimRight(remote.URL, "/"), client: client}, nil
}

// get reads what is at a path into answer.
func (s *service) get(ctx context.Context, path string, answer any) error {
	return s.call(ctx, http.MethodGet, path, nil, answer)
}

// post sends payload as JSON and reads the answer.
func (s *service) post(ctx context.Context, path string, payload, answer any) error {
	body, err := encode(payload)
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	return s.call(ctx, http.MethodPost, path, body, answer)
}

// encode writes JSON in which markup stays readable, and short.
func encode(payload any) ([]byte, error) {
	var encoded bytes.Buffer
	writer := json.NewEncoder(&encoded)
	writer.SetEscapeHTML(false)
	if err := writer.Encode(payload); err != nil {
		return nil, err
	}
	return encoded.Bytes(), nil
}

func (s *service) call(ctx context.Context, method, path string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if s.sign != nil {
		if err := s.sign(request); err != nil {
			return err
		}
	}
	return s.exchange(request, answer)
}

// exchange sends a request and reads its whole answer: JSON of the expected shape, or an error.
func (s *service) exchange(request *http.Request, answer any) error {
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("calling the service: %w", netguard.Fault(err))
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxFaultBytes)) // the status is what counts
		if s.fault != nil {
			return s.fault(response.StatusCode, response.Header, body)
		}
		return statusFault(response.StatusCode, response.Header)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", netguard.Fault(err))
	}
	if len(body) > maxAnswerBytes {
		return errors.New("the answer is too large")
	}
	if !isJSON(response.Header.Get("Content-Type")) || !utf8.Valid(body) {
		return errors.New("the answer is no JSON")
	}
	return decode(body, answer)
}

// errNoText is the fault of an answer that has the right form but for a text.
var errNoText = errors.New("a text is missing")

// decode reads an answer. What json says of a fault may quote the answer, so only its kind is kept.
func decode(body []byte, answer any) error {
	if err := json.Unmarshal(body, answer); err != nil {
		return errors.New("the answer is no JSON of the expected form")
	}
	return nil
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}
