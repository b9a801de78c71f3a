package admin

import (
	"context"
	"net/http"
	"strings"

	"medixchange/internal/web"
)

// Translator is what the node's translator tells the administrator. It is safe for concurrent use.
type Translator interface {
	// Engines tells how the engines are, in the order in which they are asked.
	Engines() []EngineState
	// Try lets every engine translate a text. The error is about the languages.
	Try(ctx context.Context, try TranslationTry) ([]EngineTrial, error)
}

// EngineState is how a translation engine is.
type EngineState struct {
	Engine   string   `json:"engine"`
	State    string   `json:"state"`              // new, ok, failing, circuit_open, waiting, quota, key_refused
	UntilTS  int64    `json:"until_ts,omitempty"` // ms; when it is asked again, if it is left alone
	HeardTS  int64    `json:"heard_ts,omitempty"` // ms; when it last did what it was asked
	Failures int      `json:"failures,omitempty"` // in a row
	Fault    string   `json:"fault,omitempty"`    // its last error since then
	Pairs    []string `json:"pairs"`              // such as "en-es"
}

// TranslationTry asks all engines for a translation.
type TranslationTry struct {
	From string `json:"from"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// EngineTrial is what one engine said.
type EngineTrial struct {
	Engine  string   `json:"engine"`
	TookMS  float64  `json:"took_ms"`
	Fault   string   `json:"fault,omitempty"` // why there is no answer
	State   string   `json:"state"`           // translated or none
	Text    string   `json:"text,omitempty"`  // what the engine said, also if it would not be shown
	Verdict string   `json:"verdict,omitempty"`
	Reasons []string `json:"reasons"`
	Pivot   string   `json:"pivot,omitempty"`
}

func (s *Server) listEngines(http.ResponseWriter, *http.Request) (any, error) {
	if s.Translator == nil {
		return nil, noTranslator()
	}
	return map[string]any{"engines": s.Translator.Engines()}, nil
}

func noTranslator() error {
	return web.NotFound("This node does not translate: translator.enabled is false.")
}

func (s *Server) tryEngines(_ http.ResponseWriter, r *http.Request) (any, error) {
	if s.Translator == nil {
		return nil, noTranslator()
	}
	var try TranslationTry
	if err := web.Decode(r, &try, maxBody); err != nil {
		return nil, err
	}
	if strings.TrimSpace(try.Text) == "" {
		return nil, web.InvalidParam("There is no text to translate.")
	}
	trials, err := s.Translator.Try(r.Context(), try)
	if err != nil {
		return nil, web.InvalidParam("%s", err.Error())
	}
	return map[string]any{"trials": trials}, nil
}
