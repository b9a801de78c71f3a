package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"medixchange/cmd/medix/node"
	"medixchange/handbook"
)

// handbookCmd is the clinical handbook, for its editors and the administrator. Lint, status, hashes, bundle, and verify with a
// key need no node.
type handbookCmd struct {
	handbookEditions
	Lint   *handbookLintCmd   `arg:"subcommand:lint" help:"Check the handbook: format, citations, translations against their source."`
	Status *handbookStatusCmd `arg:"subcommand:status" help:"How far the handbook is in each language."`
	Hashes *handbookHashesCmd `arg:"subcommand:hashes" help:"Print what the front matter of a translation says of its source."`
}

// handbookFolder is where an edition lies.
type handbookFolder struct {
	Dir string `arg:"--dir" help:"The folder of the edition, with book.yaml; without it, the edition that comes with medix."`
}

func (f handbookFolder) load() (*handbook.Book, error) {
	files, closeFiles, err := handbook.Open(f.Dir)
	if err != nil {
		return nil, err
	}
	defer closeFiles()
	return handbook.Load(files)
}

type handbookLintCmd struct {
	handbookFolder
	Language string `arg:"--language" help:"Show what concerns this language only, such as fr."`
}

// lintReport is the answer as JSON.
type lintReport struct {
	Errors   int                `json:"errors"`
	Warnings int                `json:"warnings"`
	Findings []handbook.Finding `json:"findings"`
}

// Run fails where the handbook is not of the format or has errors; warnings alone are no failure.
func (l handbookLintCmd) Run(c *cli) error { return l.run(c.JSON, os.Stdout) }

func (l handbookLintCmd) run(asJSON bool, out io.Writer) error {
	findings, err := l.findings()
	if err != nil {
		return err
	}
	report := lintReport{Findings: []handbook.Finding{}}
	for _, f := range findings {
		if l.Language != "" && !strings.HasPrefix(f.File, l.Language+"/") {
			continue
		}
		report.Findings = append(report.Findings, f)
		if f.Severity == handbook.Error {
			report.Errors++
		} else {
			report.Warnings++
		}
	}
	if asJSON {
		err = printJSONTo(out, report)
	} else {
		err = report.print(out)
	}
	if err == nil && report.Errors > 0 {
		err = fmt.Errorf("the handbook has errors: %d", report.Errors)
	}
	return err
}

// findings are those of the linter, or what kept the edition from being read.
func (l handbookLintCmd) findings() ([]handbook.Finding, error) {
	book, err := l.load()
	var problems handbook.Problems
	if errors.As(err, &problems) {
		var findings []handbook.Finding
		for _, p := range problems {
			findings = append(findings, handbook.Finding{Problem: p, Severity: handbook.Error})
		}
		return findings, nil
	}
	if err != nil {
		return nil, err
	}
	return handbook.Lint(book, node.CompareTranslation), nil
}

func (r lintReport) print(out io.Writer) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(out, "%s (%s)\n", f.Problem, f.Severity); err != nil {
			return fmt.Errorf("printing a finding: %w", err)
		}
	}
	_, err := fmt.Fprintf(out, "%d errors, %d warnings\n", r.Errors, r.Warnings)
	return err
}

type handbookStatusCmd struct {
	handbookFolder
}

// Run prints a line for each language.
func (s handbookStatusCmd) Run(c *cli) error { return s.run(c.JSON, os.Stdout) }

func (s handbookStatusCmd) run(asJSON bool, out io.Writer) error {
	book, err := s.load()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSONTo(out, map[string]any{
			"id": book.ID, "edition": book.Edition, "date": book.Date, "source": book.Source, "languages": book.Progress(),
		})
	}
	fmt.Fprintf(out, "%s, edition %s of %s\n\n", book.ID, book.Edition, book.Date)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LANGUAGE\tSECTIONS\tDONE\tMACHINE\tDRAFT\tREVIEWED\tAPPROVED\tOUTDATED\tTERMS")
	for _, p := range book.Progress() {
		fmt.Fprintf(table, "%s\t%d of %d\t%d %%\t%d\t%d\t%d\t%d\t%d\t%d\n", p.Language, p.Present, p.Sections, p.Percent(),
			p.Status[handbook.Machine], p.Status[handbook.Draft], p.Status[handbook.Reviewed], p.Status[handbook.Approved], p.Outdated, p.Terms)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the languages: %w", err)
	}
	return nil
}

type handbookHashesCmd struct {
	handbookFolder
	ID string `arg:"positional,required" help:"The section, such as triage."`
}

// Run prints the keys as they stand in the front matter.
func (h handbookHashesCmd) Run(c *cli) error { return h.run(c.JSON, os.Stdout) }

func (h handbookHashesCmd) run(asJSON bool, out io.Writer) error {
	book, err := h.load()
	if err != nil {
		return err
	}
	s, ok := book.Section(book.Source, h.ID)
	if !ok {
		return fmt.Errorf("there is no section %q; there are %s", h.ID, strings.Join(book.SectionIDs(), ", "))
	}
	if asJSON {
		blocks := map[string]string{}
		for _, block := range s.Blocks {
			blocks[block.Anchor] = block.Hash
		}
		return printJSONTo(out, map[string]any{"source_hash": s.Hash, "source_blocks": blocks})
	}
	var text strings.Builder
	fmt.Fprintf(&text, "source_hash: %q\nsource_blocks:\n", s.Hash)
	for _, block := range s.Blocks {
		fmt.Fprintf(&text, "  %s: %q\n", block.Anchor, block.Hash)
	}
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("printing the hashes: %w", err)
	}
	return nil
}
