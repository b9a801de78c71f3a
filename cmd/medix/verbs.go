package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"medixchange/admin"
	"medixchange/internal/config"
)

// client returns the other end of the configured node's socket.
func (c *cli) client() (*admin.Client, error) {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return nil, err
	}
	if isBeside(cfg) {
		return nil, errBeside
	}
	return admin.NewClient(cfg.Listen.AdminSocket), nil
}

var errBeside = errors.New("this is the configuration of the bot beside another homeserver (`medix bridge`): this command asks a running " +
	"node of ours, and there is none; docs/admin.md says which commands work there")

// isBeside reports whether a configuration is that of the bot beside another homeserver: it has a registration, and no node runs.
func isBeside(cfg *config.Config) bool {
	_, err := os.Stat(cfg.Bridge.Registration)
	if err != nil {
		return false
	}
	_, err = os.Stat(cfg.Listen.AdminSocket)
	return errors.Is(err, fs.ErrNotExist)
}

// call asks the running node.
func (c *cli) call(ctx context.Context, method, path string, in, out any) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Call(ctx, method, path, in, out)
}

func printJSON(v any) error { return printJSONTo(os.Stdout, v) }

func printJSONTo(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	return nil
}

func date(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).Format("2006-01-02 15:04")
}

// passwordFrom reads a password from the first line of standard input, so that it stands in no process list.
func passwordFrom(stdin bool) (string, error) {
	if !stdin {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
	if err != nil && line == "" {
		return "", fmt.Errorf("reading the password from standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
