package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"medixchange/translator/language"
)

// GoogleConfig tells how Google Cloud Translation is reached: https://translation.googleapis.com. With an API key that is
// its Basic edition (v2). With a service account, the JSON file that Google gives, it is the Advanced one (v3), which has
// glossaries.
type GoogleConfig struct {
	Remote
	Glossary string   // projects/…/locations/…/glossaries/…, used for the pairs that it has; v3 only; empty: none
	Variants []string // BCP 47: how languages with several standards are written; see variants
}

// Google speaks to Google Cloud Translation (https://cloud.google.com/translate/docs/reference/rest).
type Google struct {
	service  *service
	account  *googleAccount // nil: v2 with an API key
	parent   string         // projects/…/locations/…
	glossary string
	pairs    pairsOf // of the glossary
	variants variants
	offer    *offer
}

// googleMarkup: elements of the class notranslate are left alone.
var googleMarkup = dialect{atom: "span", attributes: notTranslated}

// What Google takes in one request: v2 128 texts; v3 1024; either 30,000 characters.
const (
	googleTexts      = 128
	googleCharacters = 30_000
)

// NewGoogle refuses hosts that the configuration does not name; it makes no request.
func NewGoogle(config GoogleConfig, client Doer) (*Google, error) {
	s, err := newService("google", config.Remote, client)
	if err != nil {
		return nil, err
	}
	v, err := parseVariants(config.Variants)
	if err != nil {
		return nil, fmt.Errorf("google: variants: %w", err)
	}
	g := &Google{service: s, glossary: config.Glossary, variants: v}
	s.fault = googleFault
	g.offer = newOffer(g.languages)
	if !isAccount(config.APIKey) {
		if config.Glossary != "" {
			return nil, fmt.Errorf("google: a glossary needs a service account; an API key is for the edition without glossaries")
		}
		s.sign = func(r *http.Request) error {
			r.Header.Set("X-Goog-Api-Key", config.APIKey)
			return nil
		}
		return g, nil
	}
	if g.account, err = readAccount(config.Remote, client); err != nil {
		return nil, fmt.Errorf("google: %w", err)
	}
	s.sign, s.fault = g.account.sign, g.accountFault
	g.parent = "projects/" + g.account.Project + "/locations/global"
	if config.Glossary != "" {
		parent, _, found := strings.Cut(config.Glossary, "/glossaries/")
		if !found || !strings.HasPrefix(parent, "projects/") {
			return nil, fmt.Errorf("google: a glossary is named projects/PROJECT/locations/LOCATION/glossaries/NAME")
		}
		g.parent = parent
		g.pairs = newPairs(g.glossaryPairs)
	}
	return g, nil
}

// accountFault: a token that is not taken is no wrong key; the next request gets another one.
func (g *Google) accountFault(status int, header http.Header, body []byte) error {
	if status == http.StatusUnauthorized {
		g.account.forget()
		return errors.New("the token was not taken")
	}
	return googleFault(status, header, body)
}

// Name is "google".
func (g *Google) Name() string { return "google" }

// Offers goes by Google's list of languages; until it is known every pair may be tried.
func (g *Google) Offers(from, to language.Code) bool { return g.offer.offers(from, to, g.variants) }

// Check asks for the languages, which needs a key that is good, and for the pairs of the glossary.
func (g *Google) Check(ctx context.Context) error {
	if err := g.offer.refresh(ctx); err != nil {
		return fmt.Errorf("asking google for its languages: %w", err)
	}
	return g.pairs.check(ctx)
}

// glossaryPairs asks for which pairs the glossary is.
func (g *Google) glossaryPairs(ctx context.Context) (coverage, error) {
	var pairs googlePairs
	if err := g.service.get(ctx, "/v3/"+g.glossary, &pairs); err != nil {
		return nil, fmt.Errorf("asking google for the glossary: %w", err)
	}
	return pairs.have, nil
}

func (g *Google) languages(ctx context.Context) (*tongues, error) {
	known := newTongues()
	if g.account != nil {
		return known, g.languagesV3(ctx, known)
	}
	var answer struct {
		Data struct {
			Languages []struct {
				Language string `json:"language"`
			} `json:"languages"`
		} `json:"data"`
	}
	if err := g.service.get(ctx, "/language/translate/v2/languages", &answer); err != nil {
		return nil, err
	}
	for _, entry := range answer.Data.Languages {
		known.reads(entry.Language)
		known.writes(entry.Language)
	}
	return known, nil
}

func (g *Google) languagesV3(ctx context.Context, known *tongues) error {
	var answer struct {
		Languages []struct {
			Code   string `json:"languageCode"`
			Source bool   `json:"supportSource"`
			Target bool   `json:"supportTarget"`
		} `json:"languages"`
	}
	if err := g.service.get(ctx, "/v3/"+g.parent+"/supportedLanguages", &answer); err != nil {
		return err
	}
	for _, entry := range answer.Languages {
		if entry.Source {
			known.reads(entry.Code)
		}
		if entry.Target {
			known.writes(entry.Code)
		}
	}
	return nil
}

// Translate sends the segments, as HTML if they have protected parts.
func (g *Google) Translate(ctx context.Context, request Request) (Answer, error) {
	answer, err := g.translate(ctx, request)
	if err != nil {
		return Answer{}, fmt.Errorf("google: %w", err)
	}
	return answer, nil
}

func (g *Google) translate(ctx context.Context, request Request) (Answer, error) {
	known, err := g.offer.get(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("asking for its languages: %w", err)
	}
	from, into := find(known.from, spoken(request.From, request.Segments)), find(known.into, g.variants.of(request.To))
	if from == "" || into == "" {
		return Answer{}, fmt.Errorf("%w: it has not this pair", ErrRefused)
	}
	marked, texts := googleMarkup.encode(request.Segments, newGlossary(request.Terms))
	spans, err := batches(texts, googleTexts, googleCharacters, utf8.RuneCountInString)
	if err != nil {
		return Answer{}, err
	}
	ask := g.askV2
	if g.account != nil {
		ask = g.askV3
	}
	translated, err := inBatches(ctx, texts, spans, func(ctx context.Context, texts []string) ([]string, error) {
		return ask(ctx, from, into, marked, texts)
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{Segments: googleMarkup.decodeAll(translated, request.Segments, marked)}, nil
}

func (g *Google) askV2(ctx context.Context, from, into string, marked bool, texts []string) ([]string, error) {
	ask := struct {
		Texts  []string `json:"q"`
		From   string   `json:"source"`
		Into   string   `json:"target"`
		Format string   `json:"format"`
	}{texts, from, into, "text"}
	if marked {
		ask.Format = "html"
	}
	var answer struct {
		Data struct {
			Translations translations `json:"translations"`
		} `json:"data"`
	}
	if err := g.service.post(ctx, "/language/translate/v2", ask, &answer); err != nil {
		return nil, err
	}
	return answer.Data.Translations, nil
}

// googleGlossary names a glossary in a request.
type googleGlossary struct {
	Glossary   string `json:"glossary"`
	IgnoreCase bool   `json:"ignoreCase"`
}

func (g *Google) askV3(ctx context.Context, from, into string, marked bool, texts []string) ([]string, error) {
	ask := struct {
		Texts    []string        `json:"contents"`
		Kind     string          `json:"mimeType"`
		From     string          `json:"sourceLanguageCode"`
		Into     string          `json:"targetLanguageCode"`
		Glossary *googleGlossary `json:"glossaryConfig,omitempty"`
	}{Texts: texts, Kind: "text/plain", From: from, Into: into}
	if marked {
		ask.Kind = "text/html"
	}
	if g.pairs.have(ctx, from, into) {
		ask.Glossary = &googleGlossary{g.glossary, true}
	}
	var answer struct {
		Translations translations `json:"translations"`
		WithGlossary translations `json:"glossaryTranslations"`
	}
	if err := g.service.post(ctx, "/v3/"+g.parent+":translateText", ask, &answer); err != nil {
		return nil, err
	}
	if ask.Glossary != nil {
		return answer.WithGlossary, nil
	}
	return answer.Translations, nil
}
