package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"medixchange/translator/language"
	"medixchange/translator/protect"
)

const (
	maxAnswerBytes = 1 << 20
	// languagesFresh is how long the list of languages is believed before it is asked for again.
	languagesFresh = 10 * time.Minute
)

// Doer sends an HTTP request: the node's guarded client, or an http.Client in tests.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// LibreTranslateConfig tells where a LibreTranslate server is.
type LibreTranslateConfig struct {
	URL           string   // of the server, without /translate
	APIKey        string   // may be empty
	AllowExternal []string // hosts outside of the hospital that may see text
}

// LibreTranslate speaks to a LibreTranslate server (https://docs.libretranslate.com/guides/api_usage).
type LibreTranslate struct {
	base   string
	key    string
	client Doer
	pairs  atomic.Pointer[libreLanguages] // nil until the server has said
}

// libreLanguages is what the server offers: our codes to its codes, and its targets.
type libreLanguages struct {
	codes   map[language.Code]string
	targets map[string]map[string]bool
	at      time.Time
}

// NewLibreTranslate refuses hosts that the config does not name; it makes no request.
func NewLibreTranslate(config LibreTranslateConfig, client Doer) (*LibreTranslate, error) {
	base, err := url.Parse(config.URL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("libretranslate: url %q is not an http or https address", config.URL)
	}
	if err := allowHost(base.Hostname(), config.AllowExternal); err != nil {
		return nil, fmt.Errorf("libretranslate: %w", err)
	}
	return &LibreTranslate{base: strings.TrimRight(config.URL, "/"), key: config.APIKey, client: client}, nil
}

// Name is "libretranslate".
func (l *LibreTranslate) Name() string { return "libretranslate" }

// Offers goes by the server's list of languages; until it is known every pair may be tried.
func (l *LibreTranslate) Offers(from, to language.Code) bool {
	known := l.pairs.Load()
	if known == nil {
		return true
	}
	source, ok := known.codes[from]
	target, okTarget := known.codes[to]
	return ok && okTarget && known.targets[source][target]
}

// Check asks the server for its languages: whether it lives, and which pairs it has.
func (l *LibreTranslate) Check(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/languages", nil)
	if err != nil {
		return fmt.Errorf("asking libretranslate for languages: %w", err)
	}
	body, err := l.do(request)
	if err != nil {
		return fmt.Errorf("asking libretranslate for languages: %w", err)
	}
	known, err := parseLanguages(body)
	if err != nil {
		return err
	}
	known.at = time.Now()
	l.pairs.Store(known)
	return nil
}

// parseLanguages reads the answer of /languages.
func parseLanguages(body []byte) (*libreLanguages, error) {
	var list []struct {
		Code    string   `json:"code"`
		Targets []string `json:"targets"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("languages of libretranslate: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("languages of libretranslate: none")
	}
	known := &libreLanguages{codes: map[language.Code]string{}, targets: map[string]map[string]bool{}}
	for _, entry := range list {
		code, err := libreCode(entry.Code)
		if err != nil {
			continue
		}
		if other, taken := known.codes[code]; !taken || len(entry.Code) < len(other) || entry.Code == "zh-Hans" {
			known.codes[code] = entry.Code
		}
		known.targets[entry.Code] = map[string]bool{}
		for _, target := range entry.Targets {
			known.targets[entry.Code][target] = true
		}
	}
	for source, targets := range known.targets {
		if len(targets) > 0 {
			continue
		}
		for _, target := range list { // older servers name no targets: every pair goes
			known.targets[source][target.Code] = target.Code != source
		}
	}
	return known, nil
}

// libreCode reads a code of LibreTranslate, which has two of its own.
func libreCode(code string) (language.Code, error) {
	switch code {
	case "zt":
		return "zh-Hant", nil
	case "pb":
		return "pt", nil
	}
	return language.Parse(code)
}

func (l *LibreTranslate) codeOf(c language.Code) string {
	if known := l.pairs.Load(); known != nil && known.codes[c] != "" {
		return known.codes[c]
	}
	return string(c)
}

// Translate sends all segments in one request. Segments with protected parts go as HTML, so that the
// server leaves <code> alone; plain ones as text.
func (l *LibreTranslate) Translate(ctx context.Context, request Request) (Answer, error) {
	l.refresh(ctx)
	format, texts := encodeHTML(request.Segments)
	body, err := l.post(ctx, request, format, texts)
	if err != nil {
		return Answer{}, fmt.Errorf("libretranslate: %w", err)
	}
	translated, err := parseTranslation(body, len(texts))
	if err != nil {
		return Answer{}, fmt.Errorf("libretranslate: %w", err)
	}
	answer := Answer{Segments: make([]protect.Segment, len(translated))}
	for i, text := range translated {
		if format == "text" {
			answer.Segments[i] = protect.Segment{{Kind: protect.Text, Text: text}}
			continue
		}
		answer.Segments[i] = decodeHTML(text, request.Segments[i])
	}
	return answer, nil
}

// refresh asks for the languages when they are old; a server that does not list them is used with the
// plain codes.
func (l *LibreTranslate) refresh(ctx context.Context) {
	if known := l.pairs.Load(); known != nil && time.Since(known.at) < languagesFresh {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := l.Check(ctx); err != nil && l.pairs.Load() != nil {
		stale := *l.pairs.Load()
		stale.at = time.Now()
		l.pairs.Store(&stale)
	}
}

func (l *LibreTranslate) post(ctx context.Context, request Request, format string, texts []string) ([]byte, error) {
	payload := map[string]any{"q": texts, "source": l.codeOf(request.From), "target": l.codeOf(request.To), "format": format}
	if len(texts) == 1 {
		payload["q"] = texts[0]
	}
	if l.key != "" {
		payload["api_key"] = l.key
	}
	var encoded bytes.Buffer
	writer := json.NewEncoder(&encoded)
	writer.SetEscapeHTML(false)
	if err := writer.Encode(payload); err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	httpRequest, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/translate", &encoded)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	httpRequest.Header.Set("Content-Type", "application/json")
	return l.do(httpRequest)
}

// do sends a request and reads its answer, mapping what HTTP says to our errors.
func (l *LibreTranslate) do(request *http.Request) ([]byte, error) {
	request.Header.Set("Accept", "application/json")
	response, err := l.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxAnswerBytes {
		return nil, errors.New("the answer is too large")
	}
	return body, statusError(response)
}

func statusError(response *http.Response) error {
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		return &RetryAfter{Wait: retryAfter(response.Header.Get("Retry-After"), time.Now()), Err: fmt.Errorf("%w: status %d", ErrBusy, code)}
	case code >= 400 && code < 500:
		return fmt.Errorf("%w: status %d", ErrRefused, code)
	default:
		return fmt.Errorf("status %d", code)
	}
}

// retryAfter reads the header (RFC 9110, 10.2.3), within sensible bounds.
func retryAfter(header string, now time.Time) time.Duration {
	const least, most = time.Second, 10 * time.Minute
	wait := 5 * time.Second
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(most/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, least), most)
}

// parseTranslation reads the answer of /translate: translatedText is a string, or a list for a list.
func parseTranslation(body []byte, count int) ([]string, error) {
	var answer struct {
		TranslatedText json.RawMessage `json:"translatedText"`
		Error          string          `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("answer is no JSON: %w", err)
	}
	if len(answer.TranslatedText) == 0 {
		return nil, fmt.Errorf("answer without translatedText (error %t)", answer.Error != "")
	}
	var texts []string
	if err := json.Unmarshal(answer.TranslatedText, &texts); err != nil {
		var text string
		if err := json.Unmarshal(answer.TranslatedText, &text); err != nil {
			return nil, fmt.Errorf("translatedText: %w", err)
		}
		texts = []string{text}
	}
	if len(texts) != count {
		return nil, fmt.Errorf("%d translations for %d texts", len(texts), count)
	}
	return texts, nil
}
