package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassphrase bounds what is read of a passphrase, in bytes.
const maxPassphrase = 4096

// askPassphrase returns what gives a passphrase: the first line of a file, or what is typed at the terminal, without showing it.
func askPassphrase(file, prompt string) func() (string, error) {
	return func() (string, error) {
		if file != "" {
			return passphraseIn(file)
		}
		return typed(prompt)
	}
}

func passphraseIn(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	defer func() { _ = f.Close() }()
	line, err := bufio.NewReader(io.LimitReader(f, maxPassphrase)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

var errNoTerminal = errors.New("there is no terminal to ask for the passphrase: name a file that holds it with --passphrase-file")

func typed(prompt string) (string, error) {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return "", errNoTerminal
	}
	fmt.Fprint(os.Stderr, prompt+": ")
	line, err := term.ReadPassword(in)
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("reading the passphrase: %w", err)
	}
	return string(line), nil
}

// newPassphrase asks for one that is to be chosen; what is typed is asked for twice.
func newPassphrase(file string) (string, error) {
	first, err := askPassphrase(file, "Passphrase")()
	if err != nil || file != "" {
		return first, err
	}
	second, err := typed("The same again")
	if err == nil && second != first {
		err = errors.New("the two are not the same")
	}
	return first, err
}
