package glossary

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"medixchange/internal/web"
	"medixchange/translator/language"
)

// Paths of what administrators ask over the local socket.
const (
	PathGlossary = "/translate/glossary"         // GET
	PathConcept  = "/translate/glossary/concept" // GET
	PathImport   = "/translate/glossary/import"  // POST
	PathExport   = "/translate/glossary/export"  // GET
	PathSet      = "/translate/glossary/set"     // POST
	PathRemove   = "/translate/glossary/remove"  // POST
	PathHistory  = "/translate/glossary/history" // GET
	maxImport    = MaxFile + MaxFile/2           // a file as JSON
	maxRequest   = 256 << 10                     // others
	maxListed    = 1000
	maxHistory   = 1000
	defaultLines = 100
)

// AddRoutes adds what administrators ask of the glossary to the router of the local socket.
func (b *Book) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathGlossary, b.list)
	router.Handle(http.MethodGet, PathConcept, b.show)
	router.Handle(http.MethodPost, PathImport, b.importFile)
	router.Handle(http.MethodGet, PathExport, b.export)
	router.Handle(http.MethodPost, PathSet, b.set)
	router.Handle(http.MethodPost, PathRemove, b.remove)
	router.Handle(http.MethodGet, PathHistory, b.history)
}

// Listed is a page of concepts.
type Listed struct {
	Version  int64            `json:"version"`
	Total    int              `json:"total"` // that fit what was asked for
	Concepts []LayeredConcept `json:"concepts"`
}

// LayeredConcept is a concept and whose it is.
type LayeredConcept struct {
	Layer Layer `json:"layer"`
	Concept
}

// list answers ?layer=&language=&contains=&offset=, at most maxListed at a time.
func (b *Book) list(_ http.ResponseWriter, r *http.Request) (any, error) {
	query := r.URL.Query()
	layers, err := layersOf(query.Get("layer"))
	if err != nil {
		return nil, err
	}
	var code language.Code
	if tag := query.Get("language"); tag != "" {
		if code, err = parseLanguage(tag); err != nil {
			return nil, web.InvalidParam("%s", err.Error())
		}
	}
	offset, err := numberOf(query.Get("offset"), 0, MaxConcepts*len(Layers))
	if err != nil {
		return nil, err
	}
	listed := Listed{Concepts: []LayeredConcept{}}
	wanted := string(fold(query.Get("contains")).runes)
	for _, layer := range layers {
		var concepts []Concept
		concepts, listed.Version = b.Layer(layer)
		for _, c := range concepts {
			if !c.fits(code, wanted) {
				continue
			}
			if listed.Total++; listed.Total > offset && len(listed.Concepts) < maxListed {
				listed.Concepts = append(listed.Concepts, LayeredConcept{layer, c})
			}
		}
	}
	return listed, nil
}

// fits reports whether a concept has forms in a language, and a text in its name, its domain or one of them.
func (c Concept) fits(code language.Code, wanted string) bool {
	if _, ok := c.Forms[code]; code != "" && !ok {
		return false
	}
	holds := func(text string) bool { return strings.Contains(string(fold(text).runes), wanted) }
	if wanted == "" || holds(c.ID) || holds(c.Domain) {
		return true
	}
	for in, forms := range c.Forms {
		for _, form := range append(forms.right(), forms.Avoid...) {
			if (code == "" || code == in) && holds(form) {
				return true
			}
		}
	}
	return false
}

// Shown is a concept as it is used, and as each layer has it.
type Shown struct {
	Version int64             `json:"version"`
	Used    Concept           `json:"used"`
	Layers  map[Layer]Concept `json:"layers"`
}

// show answers ?concept=.
func (b *Book) show(_ http.ResponseWriter, r *http.Request) (any, error) {
	id := r.URL.Query().Get("concept")
	set := b.Current()
	used, _, ok := set.Concept(id)
	if !ok {
		return nil, web.NotFound("There is no concept %q.%s", shortened(id), b.near(id))
	}
	shown := Shown{Version: set.Version(), Used: used, Layers: map[Layer]Concept{}}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, layer := range Layers {
		if c, ok := b.layers[layer][id]; ok {
			shown.Layers[layer] = c
		}
	}
	return shown, nil
}

// near names a concept that somebody may have meant.
func (b *Book) near(id string) string {
	set := b.Current()
	var ids []string
	for _, e := range set.entries {
		ids = append(ids, e.ID)
	}
	if meant := nearest(id, ids); meant != "" {
		return fmt.Sprintf(" Did you mean %q?", meant)
	}
	return ""
}

// ImportRequest brings a file.
type ImportRequest struct {
	Layer   Layer  `json:"layer"`
	Source  string `json:"source"` // of concepts that do not say it; the alliance's must have one
	By      string `json:"by"`
	Replace bool   `json:"replace"`
	DryRun  bool   `json:"dry_run"`
	File    string `json:"file"`
}

// Imported says what an import did; with faults, that it did nothing.
type Imported struct {
	Changed
	Faults Faults `json:"faults,omitempty"`
}

func (b *Book) importFile(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req ImportRequest
	if err := web.Decode(r, &req, maxImport); err != nil {
		return nil, err
	}
	if err := checkText(req.Source, maxSource); err != nil {
		return nil, web.InvalidParam("The source %s.", err.Error())
	}
	concepts, err := Read([]byte(req.File), req.Source)
	var faults Faults
	if errors.As(err, &faults) {
		return Imported{Faults: faults, Changed: Changed{Version: b.Current().Version(), DryRun: req.DryRun}}, nil
	}
	if err != nil {
		return nil, err
	}
	if len(concepts) == 0 {
		return nil, web.InvalidParam("The file has no concepts. To empty a layer, remove them.")
	}
	if req.Layer == Alliance {
		for _, c := range concepts {
			if c.Source == "" {
				return nil, web.InvalidParam("Concepts of the alliance need a source, so that everybody knows whose words they are: concept %q has none.", c.ID)
			}
		}
	}
	changed, err := b.Apply(r.Context(), Change{Layer: req.Layer, Action: "import", By: req.By, Put: concepts, Replace: req.Replace, DryRun: req.DryRun})
	if err != nil {
		return nil, answerTo(err)
	}
	return Imported{Changed: changed}, nil
}

// Exported is a layer as a file.
type Exported struct {
	Version int64  `json:"version"`
	File    string `json:"file"`
}

// export answers ?layer=, that of the hospital without it.
func (b *Book) export(_ http.ResponseWriter, r *http.Request) (any, error) {
	layer := Layer(r.URL.Query().Get("layer"))
	if layer == "" {
		layer = Hospital
	}
	if _, err := layersOf(string(layer)); err != nil {
		return nil, err
	}
	concepts, version := b.Layer(layer)
	var file bytes.Buffer
	if err := WriteCSV(&file, concepts); err != nil {
		return nil, err
	}
	return Exported{version, file.String()}, nil
}

// SetRequest changes a concept, or makes one. What is nil stays as it is.
type SetRequest struct {
	Layer     Layer   `json:"layer"`
	By        string  `json:"by"`
	Concept   string  `json:"concept"`
	Domain    *string `json:"domain,omitempty"`
	Note      *string `json:"note,omitempty"`
	Source    *string `json:"source,omitempty"`
	Invariant *bool   `json:"invariant,omitempty"`
	Language  string  `json:"language,omitempty"` // whose forms are set
	Forms     *Forms  `json:"forms,omitempty"`
	DryRun    bool    `json:"dry_run"`
}

func (b *Book) set(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req SetRequest
	if err := web.Decode(r, &req, maxRequest); err != nil {
		return nil, err
	}
	changed, err := b.Edit(r.Context(), Change{Layer: req.Layer, Action: "set", By: req.By, DryRun: req.DryRun}, tidy(req.Concept), req.change)
	if err != nil {
		return nil, answerTo(err)
	}
	return changed, nil
}

func (req SetRequest) change(c Concept, _ bool) (*Concept, error) {
	for _, said := range []struct {
		from *string
		into *string
	}{{req.Domain, &c.Domain}, {req.Note, &c.Note}, {req.Source, &c.Source}} {
		if said.from != nil {
			*said.into = *said.from
		}
	}
	if req.Invariant != nil {
		c.Invariant = *req.Invariant
	}
	if req.Forms == nil {
		return &c, nil
	}
	code, err := parseLanguage(req.Language)
	if err != nil {
		return nil, &InvalidError{err}
	}
	if c.Forms == nil {
		c.Forms = map[language.Code]Forms{}
	}
	c.Forms[code] = *req.Forms
	return &c, nil
}

// RemoveRequest removes a concept, or what it has in one language.
type RemoveRequest struct {
	Layer    Layer  `json:"layer"`
	By       string `json:"by"`
	Concept  string `json:"concept"`
	Language string `json:"language,omitempty"`
	DryRun   bool   `json:"dry_run"`
}

func (b *Book) remove(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req RemoveRequest
	if err := web.Decode(r, &req, maxRequest); err != nil {
		return nil, err
	}
	changed, err := b.Edit(r.Context(), Change{Layer: req.Layer, Action: "remove", By: req.By, DryRun: req.DryRun}, req.Concept, req.change)
	if errors.Is(err, ErrUnknownConcept) {
		return nil, web.NotFound("There is no concept %q in the layer %s.%s", shortened(req.Concept), req.Layer, b.near(req.Concept)).Because(err)
	}
	if err != nil {
		return nil, answerTo(err)
	}
	return changed, nil
}

func (req RemoveRequest) change(c Concept, known bool) (*Concept, error) {
	if !known {
		return nil, ErrUnknownConcept
	}
	if req.Language == "" {
		return nil, nil
	}
	code, err := parseLanguage(req.Language)
	if err != nil {
		return nil, &InvalidError{err}
	}
	if _, ok := c.Forms[code]; !ok {
		return nil, &InvalidError{fmt.Errorf("concept %q has no forms in %s", c.ID, code)}
	}
	delete(c.Forms, code)
	if len(c.Forms) == 0 {
		return nil, nil
	}
	return &c, nil
}

// Past is a page of the history, newest first.
type Past struct {
	Version int64   `json:"version"`
	Changes []Entry `json:"changes"`
}

// history answers ?concept=&limit=.
func (b *Book) history(_ http.ResponseWriter, r *http.Request) (any, error) {
	limit, err := numberOf(r.URL.Query().Get("limit"), defaultLines, maxHistory)
	if err != nil {
		return nil, err
	}
	entries, err := b.History(r.Context(), r.URL.Query().Get("concept"), limit)
	if err != nil {
		return nil, err
	}
	return Past{b.Current().Version(), entries}, nil
}

// layersOf reads the name of a layer; all without one.
func layersOf(name string) ([]Layer, error) {
	switch Layer(name) {
	case "":
		return []Layer{Hospital, Alliance}, nil
	case Hospital, Alliance:
		return []Layer{Layer(name)}, nil
	}
	return nil, web.InvalidParam("%q is no layer: hospital or alliance.", shortened(name))
}

func numberOf(text string, without, most int) (int, error) {
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, web.InvalidParam("%q is no number up to %d.", shortened(text), most)
	}
	return n, nil
}

// answerTo says to the administrator what they did wrong; other errors stay as they are.
func answerTo(err error) error {
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		return web.InvalidParam("%s.", strings.ToUpper(invalid.Error()[:1])+invalid.Error()[1:]).Because(err)
	}
	return err
}
