package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"medixchange/internal/netguard"
)

// How long answers of .well-known/matrix/server count (Server-Server API, Resolving server names, step 3).
const (
	wellKnownTimeout  = 10 * time.Second
	wellKnownDefault  = 24 * time.Hour
	wellKnownLongest  = 48 * time.Hour
	wellKnownShortest = 5 * time.Minute
	// Failures count for a time that doubles up to the specification's hour.
	wellKnownFailFirst = time.Minute
	wellKnownFailMost  = time.Hour
	maxWellKnown       = 50 << 10
	maxWellKnowns      = 10_000
)

// doer sends requests; *netguard.Client is one.
type doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// wellKnown is a remembered answer; server is "" where there was none.
type wellKnown struct {
	server   string
	until    time.Time
	failures int
}

// wellKnowns asks hosts where their server is.
type wellKnowns struct {
	http    doer
	answers *lru.Cache[string, wellKnown]
	now     func() time.Time
}

func newWellKnowns(http doer, now func() time.Time) *wellKnowns {
	answers, err := lru.New[string, wellKnown](maxWellKnowns)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &wellKnowns{http: http, answers: answers, now: now}
}

// get returns the server to which the host delegates, "" for none, and until when that counts.
func (w *wellKnowns) get(ctx context.Context, host string) (server string, until time.Time) {
	last, known := w.answers.Get(host)
	if known && w.now().Before(last.until) {
		return last.server, last.until
	}
	server, lifetime, err := w.ask(ctx, host)
	answer := wellKnown{server: server, until: w.now().Add(lifetime)}
	if err != nil {
		answer.failures = min(last.failures+1, 16)
		answer.until = w.now().Add(min(wellKnownFailFirst<<(answer.failures-1), wellKnownFailMost))
	}
	w.answers.Add(host, answer)
	return answer.server, answer.until
}

func (w *wellKnowns) ask(ctx context.Context, host string) (server string, lifetime time.Duration, err error) {
	ctx, cancel := context.WithTimeout(netguard.WithMaxBody(ctx, maxWellKnown), wellKnownTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/.well-known/matrix/server", nil)
	if err != nil {
		return "", 0, fmt.Errorf("asking %s where its server is: %w", host, err)
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return "", 0, fmt.Errorf("asking %s where its server is: %w", host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("asking %s where its server is: status %d", host, resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", 0, fmt.Errorf("reading where the server of %s is: %w", host, err)
	}
	server, err = parseWellKnown(body)
	return server, wellKnownLifetime(resp.Header, w.now()), err
}

// parseWellKnown returns m.server of an answer.
func parseWellKnown(body []byte) (string, error) {
	var answer struct {
		Server string `json:"m.server"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("reading a well-known file: %w", err)
	}
	if !validServerName(answer.Server) {
		return "", errors.New("reading a well-known file: m.server is not a server name")
	}
	return answer.Server, nil
}

// wellKnownLifetime reads Cache-Control and Expires, within bounds.
func wellKnownLifetime(h http.Header, now time.Time) time.Duration {
	lifetime := wellKnownDefault
	if at, err := http.ParseTime(h.Get("Expires")); err == nil {
		lifetime = at.Sub(now)
	}
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return wellKnownShortest
		case "max-age":
			if seconds, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil {
				lifetime = time.Duration(min(max(seconds, 0), int(wellKnownLongest/time.Second))) * time.Second
			}
		}
	}
	return min(max(lifetime, wellKnownShortest), wellKnownLongest)
}
