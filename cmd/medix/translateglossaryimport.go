package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"medixchange/translator/glossary"
)

type glossaryImportCmd struct {
	File     string `arg:"positional,required" help:"CSV as export writes it, or a list of terms (list, lang, en, target; tabs between). - is standard input."`
	Alliance bool   `arg:"--alliance" help:"Into the alliance's layer; where the hospital has a concept too, its own words win."`
	Source   string `arg:"--source" help:"Where concepts come from that do not say it; those of the alliance need one, the file's name without it."`
	Replace  bool   `arg:"--replace" help:"Remove the concepts of the layer that the file does not have."`
	DryRun   bool   `arg:"--dry-run" help:"Only say what would be changed, or what is wrong with the file."`
	By       string `arg:"--by" help:"Who makes the change; your user name without it."`
}

// errFaults is the end of a command that has told what is wrong with a file.
type errFaults int

func (e errFaults) Error() string {
	return fmt.Sprintf("nothing was imported: %d faults in the file", int(e))
}

// Run imports a file.
func (i glossaryImportCmd) Run(ctx context.Context, c *cli) error {
	file, err := readGlossary(i.File)
	if err != nil {
		return err
	}
	req := glossary.ImportRequest{
		Layer: layerOf(i.Alliance), Source: i.Source, By: changer(i.By), Replace: i.Replace, DryRun: i.DryRun, File: string(file),
	}
	if req.Source == "" && i.Alliance && i.File != "-" {
		req.Source = filepath.Base(i.File)
	}
	// What is wrong with the file is told without the node, which reads it again.
	imported := glossary.Imported{}
	if _, err := glossary.Read(file, req.Source); errors.As(err, &imported.Faults) {
		return c.printImported(imported)
	} else if err != nil {
		return err
	}
	if err := c.call(ctx, http.MethodPost, glossary.PathImport, req, &imported); err != nil {
		return err
	}
	return c.printImported(imported)
}

func (c *cli) printImported(imported glossary.Imported) error {
	switch {
	case c.JSON:
		if err := printJSON(imported); err != nil {
			return err
		}
	case len(imported.Faults) > 0:
		fmt.Fprintln(os.Stderr, imported.Faults.Error())
	default:
		printChanged(imported.Changed)
	}
	if len(imported.Faults) > 0 {
		return errFaults(len(imported.Faults))
	}
	return nil
}

// readGlossary reads a file of terms; "-" is standard input.
func readGlossary(path string) ([]byte, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("opening the file: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, glossary.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	return data, nil
}
