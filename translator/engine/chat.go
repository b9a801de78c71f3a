package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"medixchange/translator/language"
)

// ChatConfig tells how a server with OpenAI's chat interface is reached, such as vLLM, Ollama or llama.cpp in the house.
type ChatConfig struct {
	Remote                    // the URL without /v1/chat/completions; the key may be empty
	Model     string          // as the server calls it
	Languages []language.Code // among which the model translates; a server cannot say
	Variants  []string        // BCP 47: how languages with several standards are written; see variants
}

// Chat lets a language model translate (https://platform.openai.com/docs/api-reference/chat). The message is data: it goes
// as JSON beside fixed instructions, never into them, and what comes back has to be JSON of one form, with each segment
// once. Whatever else a message makes the model say is refused here or found by the checks.
type Chat struct {
	service   *service
	model     string
	languages map[language.Code]bool
	variants  variants
	form      atomic.Int32 // index in chatForms: the strictest that the server takes
}

// What goes in one request, so that the answer is not cut off.
const (
	chatTexts = 40
	chatBytes = 6 << 10
)

// NewChat refuses hosts that the configuration does not name; it makes no request.
func NewChat(config ChatConfig, client Doer) (*Chat, error) {
	config.URL = strings.TrimSuffix(strings.TrimRight(config.URL, "/"), "/v1")
	s, err := newService("openai", config.Remote, client)
	if err != nil {
		return nil, err
	}
	v, err := parseVariants(config.Variants)
	if err != nil {
		return nil, fmt.Errorf("openai: variants: %w", err)
	}
	if config.Model == "" || len(config.Languages) < 2 {
		return nil, errors.New("openai: it needs a model and at least two languages")
	}
	if config.APIKey != "" {
		s.sign = func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+config.APIKey)
			return nil
		}
	}
	s.fault = chatFault
	c := &Chat{service: s, model: config.Model, languages: map[language.Code]bool{}, variants: v}
	for _, code := range config.Languages {
		c.languages[code] = true
	}
	return c, nil
}

// errForm is the fault of a request that asks for a form of answer that the server does not know.
var errForm = errors.New("the server does not take the request's form")

// chatFault reads OpenAI's codes: insufficient_quota comes with the status of a rate that is too high.
func chatFault(status int, header http.Header, body []byte) error {
	var answer struct {
		Error struct {
			Code json.RawMessage `json:"code"` // a name; a number with some servers
			Type string          `json:"type"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // without a body the status decides
	named := plainCode(status, strings.Trim(string(answer.Error.Code), `"`))
	switch {
	case named == "insufficient_quota" || answer.Error.Type == "insufficient_quota":
		return usedUp("insufficient_quota")
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %w: status %d %s", ErrRefused, errForm, status, named)
	}
	return statusFault(status, header)
}

// Name is "openai", after the protocol.
func (c *Chat) Name() string { return "openai" }

// Offers goes by the languages of the configuration.
func (c *Chat) Offers(from, to language.Code) bool {
	return from != to && c.languages[from] && c.languages[to]
}

// Check asks whether the server has the model.
func (c *Chat) Check(ctx context.Context) error {
	var answer struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := c.service.get(ctx, "/v1/models", &answer); err != nil {
		return fmt.Errorf("asking the chat server for its models: %w", err)
	}
	for _, model := range answer.Data {
		if model.ID == c.model || model.ID == c.model+":latest" { // Ollama names the tag that is understood
			return nil
		}
	}
	return fmt.Errorf("the chat server has no model %q", c.model)
}

// Translate asks the model, for several segments in one request.
func (c *Chat) Translate(ctx context.Context, request Request) (Answer, error) {
	terms := newGlossary(request.Terms)
	// Terms are no markup here, the model is told of them.
	marked, texts := chatMarkup.encode(request.Segments, nil)
	spans, err := batches(texts, chatTexts, chatBytes, jsonSize)
	if err != nil {
		return Answer{}, fmt.Errorf("openai: %w", err)
	}
	task := chatTask{
		From: nameOf(string(request.From)), Into: nameOf(c.variants.of(request.To)), Terms: terms.in(request.Segments),
	}
	translated, err := inBatches(ctx, texts, spans, func(ctx context.Context, texts []string) ([]string, error) {
		return c.ask(ctx, task.with(texts))
	})
	if err != nil {
		return Answer{}, fmt.Errorf("openai: %w", err)
	}
	segments := chatMarkup.decodeAll(translated, request.Segments, marked)
	if err := sameSize(request.Segments, segments); err != nil {
		return Answer{}, fmt.Errorf("openai: %w", err)
	}
	return Answer{Segments: segments}, nil
}

// ask sends one request in the strictest form that the server takes. Which that is, is remembered.
func (c *Chat) ask(ctx context.Context, task chatTask) ([]string, error) {
	for form := c.form.Load(); ; form++ {
		payload, err := newChatRequest(c.model, chatForms[form], task)
		if err != nil {
			return nil, err
		}
		var answer chatAnswer
		err = c.service.post(ctx, "/v1/chat/completions", payload, &answer)
		if errors.Is(err, errForm) && int(form) < len(chatForms)-1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		c.form.Store(form)
		content, err := answer.content()
		if err != nil {
			return nil, err
		}
		return parseChat(content, len(task.Segments))
	}
}
