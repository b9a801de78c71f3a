package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"medixchange/translator/language"
)

// LibreTranslateConfig tells where a LibreTranslate server is.
type LibreTranslateConfig struct {
	Remote
	AllowPivot bool // pairs without English, which its models go through, are offered too
}

// LibreTranslate speaks to a LibreTranslate server (https://docs.libretranslate.com/guides/api_usage).
type LibreTranslate struct {
	service *service
	key     string
	pivot   bool
	offer   *offer
	targets atomic.Pointer[map[string]map[string]bool] // the server's codes; nil until it has said
}

// libreMarkup: LibreTranslate leaves <code> alone.
var libreMarkup = dialect{atom: "code"}

// libreEnglish is the language that LibreTranslate's models begin or end with.
const libreEnglish language.Code = "en"

// Most texts and bytes of one request; the server's own limits are its administrator's choice (error 400).
const (
	libreTexts = 100
	libreBytes = 64 << 10
)

// NewLibreTranslate refuses hosts that the config does not name; it makes no request.
func NewLibreTranslate(config LibreTranslateConfig, client Doer) (*LibreTranslate, error) {
	s, err := newService("libretranslate", config.Remote, client)
	if err != nil {
		return nil, err
	}
	s.fault = libreFault
	l := &LibreTranslate{service: s, key: config.APIKey, pivot: config.AllowPivot}
	l.offer = newOffer(l.languages)
	return l, nil
}

// libreBan is how long a server that banned our address for its number of requests is left alone.
const libreBan = 10 * time.Minute

// libreFault tells apart what LibreTranslate says in words only, in English where no language is asked for: 403 is a wrong
// key or a ban that passes, 400 may be a key that is missing.
func libreFault(status int, header http.Header, body []byte) error {
	var answer struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // without a body the status decides
	switch {
	case status == http.StatusForbidden && strings.Contains(answer.Error, "limits violations"):
		return &RetryAfter{Wait: libreBan, Err: fmt.Errorf("%w: banned for too many requests", ErrBusy)}
	case status == http.StatusBadRequest && strings.Contains(answer.Error, "API key"):
		return fmt.Errorf("%w: the server wants one", ErrKey)
	}
	return statusFault(status, header)
}

// Name is "libretranslate".
func (l *LibreTranslate) Name() string { return "libretranslate" }

// Offers goes by the server's list of languages; until it is known every pair may be tried. A pair without English is
// offered only if its way through English is allowed.
func (l *LibreTranslate) Offers(from, to language.Code) bool {
	if viaEnglish(from, to) && !l.pivot || !l.offer.offers(from, to, nil) {
		return false
	}
	known, said := l.offer.peek()
	targets := l.targets.Load()
	if !said || targets == nil {
		return true
	}
	return (*targets)[find(known.from, string(from))][find(known.into, string(to))]
}

func viaEnglish(from, to language.Code) bool { return from != libreEnglish && to != libreEnglish }

// Check asks the server for its languages: whether it lives, and which pairs it has.
func (l *LibreTranslate) Check(ctx context.Context) error {
	if err := l.offer.refresh(ctx); err != nil {
		return fmt.Errorf("asking libretranslate for languages: %w", err)
	}
	return nil
}

// libreLanguage is an element of the answer of /languages. Older servers name no targets: then every pair goes.
type libreLanguage struct {
	Code    string   `json:"code"`
	Targets []string `json:"targets"`
}

func (l *LibreTranslate) languages(ctx context.Context) (*tongues, error) {
	var list []libreLanguage
	if err := l.service.get(ctx, "/languages", &list); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("it has no languages")
	}
	known, targets := newTongues(), map[string]map[string]bool{}
	for _, entry := range list {
		known.reads(entry.Code)
		known.writes(entry.Code)
		targets[entry.Code] = map[string]bool{}
		for _, target := range entry.Targets {
			targets[entry.Code][target] = target != entry.Code
		}
		for _, other := range list {
			targets[entry.Code][other.Code] = targets[entry.Code][other.Code] || len(entry.Targets) == 0 && other.Code != entry.Code
		}
	}
	l.targets.Store(&targets)
	return known, nil
}

// Translate sends the segments, all in one request if they are not too many. Segments with protected parts go as HTML,
// plain ones as text. A server that does not list its languages is used with the plain codes.
func (l *LibreTranslate) Translate(ctx context.Context, request Request) (Answer, error) {
	translated, err := l.translate(ctx, request)
	if err != nil {
		return Answer{}, fmt.Errorf("libretranslate: %w", err)
	}
	if viaEnglish(request.From, request.To) {
		translated.Pivot = libreEnglish
	}
	return translated, nil
}

func (l *LibreTranslate) translate(ctx context.Context, request Request) (Answer, error) {
	ask := libreRequest{Source: string(request.From), Target: string(request.To), Format: "text", Key: l.key}
	if known, err := l.offer.get(ctx); err == nil {
		ask.Source, ask.Target = find(known.from, ask.Source), find(known.into, ask.Target)
	}
	if ask.Source == "" || ask.Target == "" {
		return Answer{}, fmt.Errorf("%w: it has not this pair", ErrRefused)
	}
	marked, texts := libreMarkup.encode(request.Segments, newGlossary(request.Terms))
	if marked {
		ask.Format = "html"
	}
	spans, err := batches(texts, libreTexts, libreBytes, jsonSize)
	if err != nil {
		return Answer{}, err
	}
	translated, err := inBatches(ctx, texts, spans, func(ctx context.Context, texts []string) ([]string, error) {
		ask.Texts = texts
		var answer libreAnswer
		if err := l.service.post(ctx, "/translate", ask, &answer); err != nil {
			return nil, err
		}
		return answer.Texts, nil
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{Segments: libreMarkup.decodeAll(translated, request.Segments, marked)}, nil
}

// libreRequest is the body for /translate.
type libreRequest struct {
	Texts  libreTextsList `json:"q"`
	Source string         `json:"source"`
	Target string         `json:"target"`
	Format string         `json:"format"`
	Key    string         `json:"api_key,omitempty"`
}

// libreTextsList is a list, or a string for one text, which old servers understand too.
type libreTextsList []string

// MarshalJSON writes one text without its list.
func (t libreTextsList) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return encode(t[0])
	}
	return encode([]string(t))
}

// libreAnswer is the answer of /translate: a string, or a list for a list.
type libreAnswer struct {
	Texts libreTranslated `json:"translatedText"`
}

type libreTranslated []string

// UnmarshalJSON reads both forms, and refuses elements that are null.
func (t *libreTranslated) UnmarshalJSON(body []byte) error {
	var one *string
	if json.Unmarshal(body, &one) == nil {
		if one != nil {
			*t = libreTranslated{*one}
		}
		return nil
	}
	var list []*string
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	for _, text := range list {
		if text == nil {
			return errNoText
		}
		*t = append(*t, *text)
	}
	return nil
}
