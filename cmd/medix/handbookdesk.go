package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/cmd/medix/node"
	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/draft"
	"medixchange/handbook/edit"
	"medixchange/handbook/exchange"
	"medixchange/translator"
)

// handbookDesk are the verbs of editors: on the desk of the running node, or with --dir on the folder of an edition.
type handbookDesk struct {
	Draft   *handbookDraftCmd   `arg:"subcommand:draft" help:"Let the translator draft a section in a language."`
	Approve *handbookApproveCmd `arg:"subcommand:approve" help:"Say that a section was reviewed, or approve one that was."`
	Export  *handbookExportCmd  `arg:"subcommand:export" help:"Write a language's sections as a file for translators' programs."`
	Import  *handbookImportCmd  `arg:"subcommand:import" help:"Read translations from such a file."`
}

// handbookPart names a section in a language, and who works on it.
type handbookPart struct {
	Language string `arg:"positional,required" help:"The language, such as fr."`
	Section  string `arg:"positional,required" help:"The section, such as triage; or book.yaml for the titles, glossary.yaml for the terms."`
	As       string `arg:"--as,required" help:"Who does it: a user of this node, or with --dir a name."`
	Dir      string `arg:"--dir" help:"The folder of an edition; without it, the desk of the running node."`
}

func (p handbookPart) name() desk.Name { return desk.Name{Language: p.Language, Part: p.Section} }

// folderPerson is somebody who works on a folder: there are no roles.
func folderPerson(name string) desk.Person {
	roles := map[desk.Role][]string{}
	for _, role := range []desk.Role{desk.Editor, desk.Reviewer, desk.Publisher} {
		roles[role] = []string{desk.AllLanguages}
	}
	return desk.Person{ID: name, Name: name, Roles: roles}
}

func today() handbook.Date { return handbook.Date(time.Now().UTC().Format(time.DateOnly)) }

// store writes a copy into the folder of its edition.
func store(dir string, c *desk.Copy) error {
	path := filepath.Join(dir, filepath.FromSlash(c.File()))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", c.Language, err)
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, c.FileText(), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("putting %s in its place: %w", path, err)
	}
	return nil
}

// ask asks the desk of the running node.
func (c *cli) askDesk(ctx context.Context, path string, asked edit.Asked) (edit.Done, error) {
	client, err := c.client()
	if err != nil {
		return edit.Done{}, err
	}
	var done edit.Done
	err = client.Patient(edit.DraftTime+time.Minute).Call(ctx, http.MethodPost, path, asked, &done)
	return done, err
}

type handbookDraftCmd struct {
	handbookPart
	Whole bool `arg:"--whole" help:"Translate what is there and current too."`
}

// Run drafts a section.
func (d handbookDraftCmd) Run(ctx context.Context, c *cli) error {
	done, err := d.draft(ctx, c)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(done)
	}
	for _, n := range done.Notes {
		fmt.Printf("%s: %s: %q\n", n.Anchor, n.What, n.Text)
	}
	fmt.Printf("%s is a machine's draft now; texts that were left open: %d\n", d.name().File(), len(done.Notes))
	return nil
}

func (d handbookDraftCmd) draft(ctx context.Context, c *cli) (edit.Done, error) {
	if d.Dir == "" {
		return c.askDesk(ctx, edit.PathDraft, edit.Asked{Language: d.Language, Part: d.Section, As: d.As, Whole: d.Whole})
	}
	settings, err := translatorConfig(c.Config)
	if err != nil {
		return edit.Done{}, err
	}
	logrus.SetOutput(io.Discard) // what an engine did wrong is in the reasons
	chain, closeAll, err := node.Engines(settings, nil)
	if err != nil {
		return edit.Done{}, err
	}
	defer closeAll()
	pipeline, err := translator.New(node.PipelineConfig(settings, chain), nil)
	if err != nil {
		return edit.Done{}, fmt.Errorf("building the translator: %w", err)
	}
	return d.inFolder(ctx, node.HandbookTranslator(pipeline))
}

func (d handbookDraftCmd) inFolder(ctx context.Context, by draft.Translator) (edit.Done, error) {
	book, err := handbookFolder{d.Dir}.load()
	if err != nil {
		return edit.Done{}, err
	}
	working, err := desk.OfEdition(book, d.name())
	if err != nil {
		return edit.Done{}, err
	}
	drafted, err := draft.Of(ctx, book, working, by, d.Whole)
	if err != nil {
		return edit.Done{}, err
	}
	if err := working.Drafted(book, drafted, folderPerson(d.As), today()); err != nil {
		return edit.Done{}, err
	}
	return edit.Done{State: string(working.State), Notes: working.Notes}, store(d.Dir, working)
}

type handbookApproveCmd struct {
	handbookPart
	Reason string `arg:"--reason" help:"Something for those who read the history."`
}

// Run says that a section was reviewed, or approves it.
func (a handbookApproveCmd) Run(ctx context.Context, c *cli) error {
	done, err := a.approve(ctx, c)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(done)
	}
	fmt.Printf("%s is %s now\n", a.name().File(), done.State)
	return nil
}

func (a handbookApproveCmd) approve(ctx context.Context, c *cli) (edit.Done, error) {
	if a.Dir == "" {
		return c.askDesk(ctx, edit.PathApprove, edit.Asked{Language: a.Language, Part: a.Section, As: a.As, Reason: a.Reason})
	}
	book, err := handbookFolder{a.Dir}.load()
	if err != nil {
		return edit.Done{}, err
	}
	working, err := desk.OfEdition(book, a.name())
	if err != nil {
		return edit.Done{}, err
	}
	if err := working.Passed(folderPerson(a.As)); err != nil {
		return edit.Done{}, fmt.Errorf("%s is %s: %w", a.name().File(), working.State, err)
	}
	return edit.Done{State: string(working.State)}, store(a.Dir, working)
}

type handbookExportCmd struct {
	Language string `arg:"positional,required" help:"The language, such as fr."`
	Section  string `arg:"positional" help:"The section; without it, all."`
	Form     string `arg:"--form" default:"po" help:"po or xliff (1.2)."`
	Dir      string `arg:"--dir" help:"The folder of an edition; without it, the desk of the running node."`
}

// Run writes the file to standard output.
func (e handbookExportCmd) Run(ctx context.Context, c *cli) error {
	data, err := e.export(ctx, c)
	if err != nil {
		return err
	}
	if _, err := os.Stdout.Write(data); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	return nil
}

func (e handbookExportCmd) export(ctx context.Context, c *cli) ([]byte, error) {
	if e.Dir == "" {
		done, err := c.askDesk(ctx, edit.PathExport, edit.Asked{Language: e.Language, Part: e.Section, Form: e.Form})
		return []byte(done.File), err
	}
	book, err := handbookFolder{e.Dir}.load()
	if err != nil {
		return nil, err
	}
	ids := book.SectionIDs()
	if e.Section != "" {
		ids = []string{e.Section}
	}
	var copies []*desk.Copy
	for _, id := range ids {
		working, err := desk.OfEdition(book, desk.Name{Language: e.Language, Part: id})
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", id, e.Language, err)
		}
		copies = append(copies, working)
	}
	data, ok := exchange.Write(exchange.Export(book, e.Language, copies), e.Form)
	if !ok {
		return nil, fmt.Errorf("%q is no form; there are po and xliff", e.Form)
	}
	return data, nil
}

type handbookImportCmd struct {
	Language string `arg:"positional,required" help:"The language, such as fr."`
	File     string `arg:"positional,required" help:"A PO or XLIFF file as export writes it; - is standard input."`
	As       string `arg:"--as,required" help:"Whose translation it is: a user of this node, or with --dir a name."`
	Reason   string `arg:"--reason" help:"Something for those who read the history."`
	Dir      string `arg:"--dir" help:"The folder of an edition; without it, the desk of the running node."`
}

// Run reads the file: all of it or nothing.
func (i handbookImportCmd) Run(ctx context.Context, c *cli) error {
	data, err := i.read()
	if err != nil {
		return err
	}
	done, err := i.take(ctx, c, data)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(done)
	}
	fmt.Printf("texts that are new: %d\n", done.Texts)
	return nil
}

func (i handbookImportCmd) read() ([]byte, error) {
	in := io.Reader(os.Stdin)
	if i.File != "-" {
		f, err := os.Open(i.File)
		if err != nil {
			return nil, fmt.Errorf("opening the file: %w", err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, exchange.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	if len(data) > exchange.MaxBytes {
		return nil, fmt.Errorf("%s: the file is larger than %d MiB", i.File, exchange.MaxBytes>>20)
	}
	return data, nil
}

func (i handbookImportCmd) take(ctx context.Context, c *cli, data []byte) (edit.Done, error) {
	if i.Dir == "" {
		return c.askDesk(ctx, edit.PathImport, edit.Asked{Language: i.Language, Name: i.File, File: string(data), As: i.As, Reason: i.Reason})
	}
	book, err := handbookFolder{i.Dir}.load()
	if err != nil {
		return edit.Done{}, err
	}
	f, err := exchange.Read(i.File, data)
	if err != nil {
		return edit.Done{}, err
	}
	if f.Language != i.Language {
		return edit.Done{}, fmt.Errorf("%s is for %q, not for %q", i.File, f.Language, i.Language)
	}
	taken, err := exchange.Take(book, f, i.File)
	if err != nil {
		return edit.Done{}, err
	}
	return i.inFolder(book, taken)
}

// inFolder writes what was taken. All of it is made before the first file is written.
func (i handbookImportCmd) inFolder(book *handbook.Book, taken []exchange.Taken) (done edit.Done, err error) {
	var copies []*desk.Copy
	for _, t := range taken {
		working, err := desk.OfEdition(book, desk.Name{Language: i.Language, Part: t.Part})
		if err != nil {
			return edit.Done{}, err
		}
		source, _ := book.Section(book.Source, t.Part)
		changed := t.Changes(source, working)
		if changed == 0 {
			continue
		}
		if err := working.Edited(book, t.Edit(source, working, i.Reason), folderPerson(i.As), today()); err != nil {
			return edit.Done{}, err
		}
		done.Texts += changed
		copies = append(copies, working)
	}
	var errs []error
	for _, working := range copies {
		errs = append(errs, store(i.Dir, working))
	}
	return done, errors.Join(errs...)
}
