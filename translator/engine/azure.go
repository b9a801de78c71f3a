package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"medixchange/translator/language"
)

// AzureConfig tells how Azure Translator is reached: https://api.cognitive.microsofttranslator.com, or the endpoint of a
// resource with its path (https://NAME.cognitiveservices.azure.com/translator/text/v3.0).
type AzureConfig struct {
	Remote
	Region   string   // of the resource, if it is not a global one
	Variants []string // BCP 47: how languages with several standards are written; see variants
}

// Azure speaks to Azure Translator, version 3
// (https://learn.microsoft.com/azure/ai-services/translator/text-translation/reference/v3/translate).
type Azure struct {
	service  *service
	variants variants
	offer    *offer
}

// azureMarkup: elements of the class notranslate are left alone; terms go as entries of the dynamic dictionary.
var azureMarkup = dialect{atom: "span", attributes: notTranslated, term: func(word, target string) string {
	return `<mstrans:dictionary translation="` + strings.ReplaceAll(target, `"`, "&quot;") + `">` + word + `</mstrans:dictionary>`
}}

// notTranslated is how HTML says that an element stays as it is, and how Azure and Google have said it before.
const notTranslated = ` translate="no" class="notranslate"`

// Azure takes 1000 texts and 50,000 characters in one request.
const (
	azureTexts      = 1000
	azureCharacters = 50_000
)

// NewAzure refuses hosts that the configuration does not name; it makes no request.
func NewAzure(config AzureConfig, client Doer) (*Azure, error) {
	s, err := newService("azure", config.Remote, client)
	if err != nil {
		return nil, err
	}
	v, err := parseVariants(config.Variants)
	if err != nil {
		return nil, fmt.Errorf("azure: variants: %w", err)
	}
	s.sign = func(r *http.Request) error {
		r.Header.Set("Ocp-Apim-Subscription-Key", config.APIKey)
		if config.Region != "" {
			r.Header.Set("Ocp-Apim-Subscription-Region", config.Region)
		}
		return nil
	}
	s.fault = azureFault
	a := &Azure{service: s, variants: v}
	a.offer = newOffer(a.languages)
	return a, nil
}

// azureFault reads the number that says more than the status: 403001 is a free subscription that is used up, which the
// status 403 of a wrong key is not.
func azureFault(status int, header http.Header, body []byte) error {
	var answer struct {
		Error struct {
			Code json.Number `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // an error without a body is judged by its status
	number := plainCode(status, answer.Error.Code.String())
	if number == "403001" {
		return usedUp("code 403001")
	}
	if fault := statusFault(status, header); number != "" {
		return fmt.Errorf("%w, code %s", fault, number)
	}
	return statusFault(status, header)
}

// Name is "azure".
func (a *Azure) Name() string { return "azure" }

// Offers goes by Azure's list of languages; until it is known every pair may be tried.
func (a *Azure) Offers(from, to language.Code) bool { return a.offer.offers(from, to, a.variants) }

// Check asks for the languages. Azure gives them to everybody, so that a wrong key shows with the first translation.
func (a *Azure) Check(ctx context.Context) error {
	if err := a.offer.refresh(ctx); err != nil {
		return fmt.Errorf("asking azure for its languages: %w", err)
	}
	return nil
}

func (a *Azure) languages(ctx context.Context) (*tongues, error) {
	var answer struct {
		Translation map[string]struct{} `json:"translation"`
	}
	if err := a.service.get(ctx, "/languages?api-version=3.0&scope=translation", &answer); err != nil {
		return nil, err
	}
	known := newTongues()
	for code := range answer.Translation {
		known.reads(code)
		known.writes(code)
	}
	return known, nil
}

// azureText is an element of the body for /translate.
type azureText struct {
	Text string
}

// Translate sends the segments, as HTML if they have protected parts or terms.
func (a *Azure) Translate(ctx context.Context, request Request) (Answer, error) {
	answer, err := a.translate(ctx, request)
	if err != nil {
		return Answer{}, fmt.Errorf("azure: %w", err)
	}
	return answer, nil
}

func (a *Azure) translate(ctx context.Context, request Request) (Answer, error) {
	known, err := a.offer.get(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("asking for its languages: %w", err)
	}
	from, into := find(known.from, spoken(request.From, request.Segments)), find(known.into, a.variants.of(request.To))
	if from == "" || into == "" {
		return Answer{}, fmt.Errorf("%w: it has not this pair", ErrRefused)
	}
	marked, texts := azureMarkup.encode(request.Segments, newGlossary(request.Terms))
	format := map[bool]string{false: "plain", true: "html"}[marked]
	path := "/translate?" + url.Values{"api-version": {"3.0"}, "from": {from}, "to": {into}, "textType": {format}}.Encode()
	spans, err := batches(texts, azureTexts, azureCharacters, utf8.RuneCountInString)
	if err != nil {
		return Answer{}, err
	}
	translated, err := inBatches(ctx, texts, spans, func(ctx context.Context, texts []string) ([]string, error) {
		return a.ask(ctx, path, texts)
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{Segments: azureMarkup.decodeAll(translated, request.Segments, marked)}, nil
}

func (a *Azure) ask(ctx context.Context, path string, texts []string) ([]string, error) {
	body := make([]azureText, len(texts))
	for i, text := range texts {
		body[i].Text = text
	}
	var answer []struct {
		Translations translations `json:"translations"`
	}
	if err := a.service.post(ctx, path, body, &answer); err != nil {
		return nil, err
	}
	translated := make([]string, 0, len(answer))
	for _, element := range answer {
		if len(element.Translations) != 1 {
			return nil, fmt.Errorf("%s translations of one text into one language", strconv.Itoa(len(element.Translations)))
		}
		translated = append(translated, element.Translations[0])
	}
	return translated, nil
}
