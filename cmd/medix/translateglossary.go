package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"

	"medixchange/translator/glossary"
)

type translateGlossaryCmd struct {
	List    *glossaryListCmd    `arg:"subcommand:list" help:"List concepts."`
	Show    *glossaryShowCmd    `arg:"subcommand:show" help:"Show a concept with all its forms."`
	Import  *glossaryImportCmd  `arg:"subcommand:import" help:"Import a file of concepts: all of it, or nothing where something is wrong with it."`
	Export  *glossaryExportCmd  `arg:"subcommand:export" help:"Write a layer as CSV, which import reads again."`
	Set     *glossarySetCmd     `arg:"subcommand:set" help:"Make or change a concept."`
	Remove  *glossaryRemoveCmd  `arg:"subcommand:remove" help:"Remove a concept, or what it has in one language."`
	History *glossaryHistoryCmd `arg:"subcommand:history" help:"Who changed what and when, newest first."`
}

// layerOf is the layer that a command changes.
func layerOf(alliance bool) glossary.Layer {
	if alliance {
		return glossary.Alliance
	}
	return glossary.Hospital
}

// changer is who makes a change: as they say, else the user of the machine, behind sudo if there is one.
func changer(said string) string {
	if said != "" {
		return said
	}
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

type glossaryListCmd struct {
	Contains string `arg:"positional" help:"Only those with this text in their name, domain or a form."`
	Language string `arg:"--language" help:"Only those with forms in this language, and show these."`
	Layer    string `arg:"--layer" help:"Only those of the hospital or of the alliance."`
	Offset   int    `arg:"--offset" help:"How many to pass over; 1,000 are listed at a time."`
}

// Run lists concepts.
func (l glossaryListCmd) Run(ctx context.Context, c *cli) error {
	query := url.Values{"contains": {l.Contains}, "language": {l.Language}, "layer": {l.Layer}, "offset": {strconv.Itoa(l.Offset)}}
	var listed glossary.Listed
	if err := c.call(ctx, http.MethodGet, glossary.PathGlossary+"?"+query.Encode(), nil, &listed); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(listed)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "CONCEPT\tLAYER\tRULE\tDOMAIN\tLANGUAGES\tFORMS")
	for _, concept := range listed.Concepts {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", concept.ID, concept.Layer, ruleOf(concept.Concept), orDash(concept.Domain), len(concept.Forms), preferredOf(concept.Concept, l.Language))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("%d of %d, version %d\n", len(listed.Concepts), listed.Total, listed.Version)
	return nil
}

func ruleOf(c glossary.Concept) string {
	if c.Invariant {
		return "invariant"
	}
	return "advised"
}

// preferredOf is what a concept is called in a language, or in the first few.
func preferredOf(c glossary.Concept, in string) string {
	var words []string
	for _, code := range c.Languages() {
		if in == "" && len(words) < 3 || string(code) == in {
			words = append(words, string(code)+": "+c.Forms[code].Preferred)
		}
	}
	return strings.Join(words, ", ")
}

type glossaryShowCmd struct {
	Concept string `arg:"positional,required" help:"The name of the concept."`
}

// Run shows a concept.
func (s glossaryShowCmd) Run(ctx context.Context, c *cli) error {
	var shown glossary.Shown
	if err := c.call(ctx, http.MethodGet, glossary.PathConcept+"?concept="+url.QueryEscape(s.Concept), nil, &shown); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(shown)
	}
	used := shown.Used
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "concept\t%s\nrule\t%s\ndomain\t%s\nnote\t%s\nsource\t%s\n", used.ID, ruleOf(used), orDash(used.Domain), orDash(used.Note), orDash(used.Source))
	for _, code := range used.Languages() {
		forms, whose := used.Forms[code], glossary.Alliance
		if _, ok := shown.Layers[glossary.Hospital].Forms[code]; ok {
			whose = glossary.Hospital
		}
		fmt.Fprintf(w, "%s\t%s\t%s", code, whose, forms.Preferred)
		for _, form := range forms.Accepted {
			fmt.Fprintf(w, ", %s", form)
		}
		for _, form := range forms.Avoid {
			fmt.Fprintf(w, ", not %q", form)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

type glossaryExportCmd struct {
	Alliance bool   `arg:"--alliance" help:"The alliance's concepts instead of the hospital's own."`
	Output   string `arg:"-o,--output" help:"A file; standard output without it."`
}

// Run writes a layer as CSV.
func (e glossaryExportCmd) Run(ctx context.Context, c *cli) error {
	var exported glossary.Exported
	if err := c.call(ctx, http.MethodGet, glossary.PathExport+"?layer="+string(layerOf(e.Alliance)), nil, &exported); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(exported)
	}
	if e.Output == "" {
		_, err := os.Stdout.WriteString(exported.File)
		return err
	}
	if err := os.WriteFile(e.Output, []byte(exported.File), 0o644); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	return nil
}

type glossarySetCmd struct {
	Concept   string   `arg:"positional,required" help:"The name of the concept: small letters, digits, dots, hyphens, underscores."`
	Language  string   `arg:"--language" help:"The language of the forms, such as es."`
	Form      string   `arg:"--form" help:"The preferred form in that language; takes the place of all forms there."`
	Accept    []string `arg:"--accept,separate" help:"A form that is right too; may be given again."`
	Avoid     []string `arg:"--avoid,separate" help:"A form that is not to be used; may be given again."`
	Domain    *string  `arg:"--domain" help:"What it belongs to, such as cardiology."`
	Note      *string  `arg:"--note" help:"A remark for readers of the glossary."`
	Source    *string  `arg:"--source" help:"Where it comes from."`
	Invariant bool     `arg:"--invariant" help:"A translation must have one of its forms, else it is shown with a warning."`
	Advised   bool     `arg:"--advised" help:"Engines are told of it, and no more. So it is unless you say otherwise."`
	Alliance  bool     `arg:"--alliance" help:"In the alliance's layer instead of the hospital's."`
	By        string   `arg:"--by" help:"Who makes the change; your user name without it."`
	DryRun    bool     `arg:"--dry-run" help:"Only say what would be changed."`
}

// Run makes or changes a concept.
func (s glossarySetCmd) Run(ctx context.Context, c *cli) error {
	req := glossary.SetRequest{
		Layer: layerOf(s.Alliance), By: changer(s.By), Concept: s.Concept, Domain: s.Domain, Note: s.Note, Source: s.Source, Language: s.Language, DryRun: s.DryRun,
	}
	switch {
	case s.Invariant && s.Advised:
		return errors.New("a concept is invariant or advised, not both")
	case s.Invariant || s.Advised:
		req.Invariant = &s.Invariant
	}
	switch {
	case s.Form != "" && s.Language == "":
		return errors.New("--form needs --language")
	case s.Form == "" && (s.Language != "" || len(s.Accept)+len(s.Avoid) > 0):
		return errors.New("--language, --accept and --avoid need --form, the preferred form")
	case s.Form != "":
		req.Forms = &glossary.Forms{Preferred: s.Form, Accepted: s.Accept, Avoid: s.Avoid}
	}
	return c.changeGlossary(ctx, glossary.PathSet, req)
}

type glossaryRemoveCmd struct {
	Concept  string `arg:"positional,required" help:"The name of the concept."`
	Language string `arg:"--language" help:"Only what it has in this language."`
	Alliance bool   `arg:"--alliance" help:"From the alliance's layer instead of the hospital's."`
	By       string `arg:"--by" help:"Who makes the change; your user name without it."`
	DryRun   bool   `arg:"--dry-run" help:"Only say what would be removed."`
}

// Run removes a concept.
func (r glossaryRemoveCmd) Run(ctx context.Context, c *cli) error {
	return c.changeGlossary(ctx, glossary.PathRemove, glossary.RemoveRequest{
		Layer: layerOf(r.Alliance), By: changer(r.By), Concept: r.Concept, Language: r.Language, DryRun: r.DryRun,
	})
}

// changeGlossary makes a change and says what it did.
func (c *cli) changeGlossary(ctx context.Context, path string, req any) error {
	var changed glossary.Changed
	if err := c.call(ctx, http.MethodPost, path, req, &changed); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(changed)
	}
	printChanged(changed)
	return nil
}

func printChanged(changed glossary.Changed) {
	if changed.DryRun {
		fmt.Print("nothing is changed yet; it would be: ")
	}
	fmt.Printf("added %d, changed %d, removed %d, unchanged %d, version %d\n", changed.Added, changed.Changed, changed.Removed, changed.Unchanged, changed.Version)
}

type glossaryHistoryCmd struct {
	Concept string `arg:"positional" help:"Only the changes of this concept."`
	Limit   int    `arg:"--limit" help:"How many changes, 1,000 at most." default:"100"`
}

// Run lists changes.
func (h glossaryHistoryCmd) Run(ctx context.Context, c *cli) error {
	query := url.Values{"concept": {h.Concept}, "limit": {strconv.Itoa(h.Limit)}}
	var past glossary.Past
	if err := c.call(ctx, http.MethodGet, glossary.PathHistory+"?"+query.Encode(), nil, &past); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(past)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "VERSION\tWHEN\tBY\tACTION\tLAYER\tCONCEPT\tWHAT")
	for _, e := range past.Changes {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Version, date(e.ChangedTS), e.By, e.Action, e.Layer, e.Concept, whatChanged(e))
	}
	return w.Flush()
}

// whatChanged names the languages whose forms are others now, or what became of the whole.
func whatChanged(e glossary.Entry) string {
	switch {
	case e.Before == nil:
		return "new"
	case e.After == nil:
		return "removed"
	}
	var changed []string
	if ruleOf(*e.Before) != ruleOf(*e.After) {
		changed = append(changed, ruleOf(*e.After))
	}
	for _, code := range e.After.Languages() {
		before, had := e.Before.Forms[code]
		if after := e.After.Forms[code]; !had || !before.Equal(after) {
			changed = append(changed, string(code)+": "+after.Preferred)
		}
	}
	for _, code := range e.Before.Languages() {
		if _, has := e.After.Forms[code]; !has {
			changed = append(changed, string(code)+" removed")
		}
	}
	if len(changed) == 0 {
		return "domain, note or source"
	}
	return strings.Join(changed, ", ")
}
