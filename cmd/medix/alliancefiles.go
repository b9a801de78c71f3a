package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"medixchange/alliance/signed"
)

// readDocument reads a document of the alliance from a file, up to what a document may be.
func readDocument(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a document: %w", err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, signed.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return raw, nil
}

func readCharter(path string) (*signed.Charter, error) {
	raw, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	charter, err := signed.ReadCharter(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return charter, nil
}

func writeJSON(path string, v any) error {
	encoded, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return writeNew(path, append(encoded, '\n'))
}

// wrote puts a document into a file, whole or not at all, and says what it is.
func (c *cli) wrote(path string, raw []byte) error {
	beside, err := os.CreateTemp(filepath.Dir(path), ".alliance-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = beside.Write(raw)
	if err = errors.Join(err, beside.Chmod(0o644), beside.Sync(), beside.Close()); err == nil {
		err = os.Rename(beside.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(beside.Name()))
	}
	hash, err := signed.Hash(raw)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(map[string]string{"file": path, "hash": hash})
	}
	fmt.Printf("%s\nhash %s\n", path, hash)
	return nil
}
