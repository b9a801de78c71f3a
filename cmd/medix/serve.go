package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
)

type serveCmd struct{}

// Run serves until a signal ends ctx, then drains.
func (serveCmd) Run(ctx context.Context, c *cli) error {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	n, err := node.New(ctx, cfg, node.Options{Alone: true})
	if err != nil {
		return err
	}
	return n.Run(ctx)
}

func loadConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration at %s: make one with `medix init`, or name yours with --config", path)
	}
	return cfg, err
}
