package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"medixchange/internal/config"
	"medixchange/internal/signing"
)

type initCmd struct {
	ServerName string `arg:"positional" help:"The name of this hospital's server, such as hospital-a.example. It can never change."`
}

const nameExplained = `The server name is the part of every user and room after the colon (@doctor:NAME). IT CAN NEVER CHANGE:
another name is another server, to which none of the accounts and rooms belong. Take a domain that the
hospital owns and will keep, without a port, such as hospital-a.example.
`

// Run writes the configuration and the signing key. It never overwrites either.
func (i initCmd) Run(c *cli) error {
	if _, err := os.Stat(c.Config); err == nil {
		return fmt.Errorf("%s is there already and is left as it is: a node is prepared once", c.Config)
	}
	name := i.ServerName
	if name == "" {
		var err error
		if name, err = askName(os.Stdin, os.Stdout); err != nil {
			return err
		}
	}
	if !config.ValidServerName(name) {
		return fmt.Errorf("%q is no server name: letters, digits, dots and hyphens, such as hospital-a.example", name)
	}
	if err := writeNew(c.Config, []byte(config.SampleFor(name))); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	key, err := signing.LoadOrCreateKey(cfg.SigningKey)
	if err != nil {
		return fmt.Errorf("making the signing key: %w", err)
	}
	if c.JSON {
		return printJSON(map[string]string{
			"server_name": name, "config": c.Config, "data_dir": cfg.DataDir, "signing_key": cfg.SigningKey, "key_id": key.ID,
		})
	}
	fmt.Printf(`%s is prepared.

  configuration  %s
  data           %s
  signing key    %s (%s; keep a copy in a safe)

Remember: the server name can never change.
Next: read the configuration, set listen.tls, then run
  medix --config %s serve
  medix --config %s user create NAME
`, name, c.Config, cfg.DataDir, cfg.SigningKey, key.ID, c.Config, c.Config)
	return nil
}

// maxAsked is how often a name that is none is asked for again.
const maxAsked = 3

func askName(in io.Reader, out io.Writer) (string, error) {
	fmt.Fprint(out, nameExplained)
	lines := bufio.NewReader(io.LimitReader(in, 4096))
	for asked := 1; ; asked++ {
		fmt.Fprint(out, "Server name: ")
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the server name: %w", err)
		}
		name := strings.TrimSpace(line)
		switch {
		case config.ValidServerName(name):
			return name, nil
		case err == nil && asked < maxAsked:
			fmt.Fprintf(out, "%q is no server name: letters, digits, dots and hyphens. ", name)
		case name == "":
			return "", errors.New("no server name was given: run `medix init hospital-a.example`")
		default:
			return name, nil // refused by the caller
		}
	}
}

// writeNew writes a file that must not exist yet, readable by its owner alone since it may come to hold secrets.
func writeNew(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and is left as it is", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}
