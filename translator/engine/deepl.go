package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"medixchange/translator/language"
)

// DeepLConfig tells how DeepL is reached: https://api.deepl.com, or https://api-free.deepl.com for keys that end in ":fx".
type DeepLConfig struct {
	Remote
	Glossary string   // id of a glossary there; used for the pairs that it has; empty: none
	Variants []string // BCP 47: how languages with several standards are written; see variants
}

// DeepL speaks to the DeepL API, version 2 (https://developers.deepl.com/api-reference/translate).
type DeepL struct {
	service  *service
	glossary string
	variants variants
	offer    *offer
	pairs    pairsOf // of the glossary
}

// deeplMarkup: content of elements that ignore_tags names is left alone.
var deeplMarkup = dialect{atom: "x"}

// DeepL takes 50 texts and 128 KiB in one request; some of that is for what stands around the texts.
const (
	deeplTexts = 50
	deeplBytes = 120 << 10
)

// statusQuota is what DeepL answers when the characters of the month, or of the cost control, are used up.
const statusQuota = 456

// NewDeepL refuses hosts that the configuration does not name; it makes no request.
func NewDeepL(config DeepLConfig, client Doer) (*DeepL, error) {
	s, err := newService("deepl", config.Remote, client)
	if err != nil {
		return nil, err
	}
	v, err := parseVariants(config.Variants)
	if err != nil {
		return nil, fmt.Errorf("deepl: variants: %w", err)
	}
	s.sign = func(r *http.Request) error {
		r.Header.Set("Authorization", "DeepL-Auth-Key "+config.APIKey)
		return nil
	}
	s.fault = deeplFault
	d := &DeepL{service: s, glossary: config.Glossary, variants: v}
	d.offer = newOffer(d.languages)
	if d.glossary != "" {
		d.pairs = newPairs(d.glossaryPairs)
	}
	return d, nil
}

func deeplFault(status int, header http.Header, _ []byte) error {
	if status == statusQuota {
		return usedUp("status 456")
	}
	return statusFault(status, header)
}

// Name is "deepl".
func (d *DeepL) Name() string { return "deepl" }

// Offers goes by DeepL's lists of languages; until they are known every pair may be tried.
func (d *DeepL) Offers(from, to language.Code) bool { return d.offer.offers(from, to, d.variants) }

// Check asks for the characters that are left, the languages and the glossary. It fails with ErrQuota if nothing is left.
func (d *DeepL) Check(ctx context.Context) error {
	var usage struct {
		Count *int64 `json:"character_count"`
		Limit *int64 `json:"character_limit"`
	}
	if err := d.service.get(ctx, "/v2/usage", &usage); err != nil {
		return fmt.Errorf("asking deepl for its usage: %w", err)
	}
	if usage.Count != nil && usage.Limit != nil && *usage.Count >= *usage.Limit {
		return fmt.Errorf("deepl: %w", usedUp("all characters of the period"))
	}
	if err := d.offer.refresh(ctx); err != nil {
		return fmt.Errorf("asking deepl for its languages: %w", err)
	}
	return d.pairs.check(ctx)
}

func (d *DeepL) languages(ctx context.Context) (*tongues, error) {
	known := newTongues()
	for kind, add := range map[string]func(string){"source": known.reads, "target": known.writes} {
		var list []struct {
			Language string `json:"language"`
		}
		if err := d.service.get(ctx, "/v2/languages?type="+kind, &list); err != nil {
			return nil, err
		}
		for _, entry := range list {
			add(entry.Language)
		}
	}
	return known, nil
}

// glossaryPairs asks for which pairs the glossary has entries.
func (d *DeepL) glossaryPairs(ctx context.Context) (coverage, error) {
	var answer struct {
		Dictionaries []struct {
			From string `json:"source_lang"`
			Into string `json:"target_lang"`
		} `json:"dictionaries"`
	}
	if err := d.service.get(ctx, "/v3/glossaries/"+url.PathEscape(d.glossary), &answer); err != nil {
		return nil, fmt.Errorf("asking deepl for the glossary: %w", err)
	}
	covers := map[[2]string]bool{}
	for _, dictionary := range answer.Dictionaries {
		covers[[2]string{primary(dictionary.From), primary(dictionary.Into)}] = true
	}
	return func(from, into string) bool { return covers[[2]string{primary(from), primary(into)}] }, nil
}

// primary is the language of a code, without its variant.
func primary(code string) string {
	base, _, _ := strings.Cut(strings.ToLower(code), "-")
	return base
}

// deeplRequest is the body for /v2/translate.
type deeplRequest struct {
	Text       []string `json:"text"`
	From       string   `json:"source_lang"`
	Into       string   `json:"target_lang"`
	Tags       string   `json:"tag_handling,omitempty"`
	Ignore     []string `json:"ignore_tags,omitempty"`
	Glossary   string   `json:"glossary_id,omitempty"`
	Formatting bool     `json:"preserve_formatting"`
}

// Translate sends the segments, as XML if they have protected parts.
func (d *DeepL) Translate(ctx context.Context, request Request) (Answer, error) {
	answer, err := d.translate(ctx, request)
	if err != nil {
		return Answer{}, fmt.Errorf("deepl: %w", err)
	}
	return answer, nil
}

func (d *DeepL) translate(ctx context.Context, request Request) (Answer, error) {
	known, err := d.offer.get(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("asking for its languages: %w", err)
	}
	ask := deeplRequest{
		From: find(known.from, string(request.From)), Into: find(known.into, d.variants.of(request.To)), Formatting: true,
	}
	if ask.From == "" || ask.Into == "" {
		return Answer{}, fmt.Errorf("%w: it has not this pair", ErrRefused)
	}
	if d.pairs.have(ctx, ask.From, ask.Into) {
		ask.Glossary = d.glossary
	}
	marked, texts := deeplMarkup.encode(request.Segments, newGlossary(request.Terms))
	if marked {
		ask.Tags, ask.Ignore = "xml", []string{deeplMarkup.atom}
	}
	spans, err := batches(texts, deeplTexts, deeplBytes, jsonSize)
	if err != nil {
		return Answer{}, err
	}
	translated, err := inBatches(ctx, texts, spans, func(ctx context.Context, texts []string) ([]string, error) {
		ask.Text = texts
		var answer struct {
			Translations translations `json:"translations"`
		}
		if err := d.service.post(ctx, "/v2/translate", ask, &answer); err != nil {
			return nil, err
		}
		return answer.Translations, nil
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{Segments: deeplMarkup.decodeAll(translated, request.Segments, marked)}, nil
}

// translations reads a list of objects that hold a text; a text that is missing is a fault of the answer.
type translations []string

// UnmarshalJSON takes "text" (DeepL, Azure) or "translatedText" (Google).
func (t *translations) UnmarshalJSON(body []byte) error {
	var list []struct {
		Text       *string `json:"text"`
		Translated *string `json:"translatedText"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	for _, entry := range list {
		text := entry.Text
		if text == nil {
			text = entry.Translated
		}
		if text == nil {
			return errNoText
		}
		*t = append(*t, *text)
	}
	return nil
}
