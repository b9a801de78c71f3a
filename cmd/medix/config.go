package main

import "fmt"

type configCmd struct {
	Check *configCheckCmd `arg:"subcommand:check" help:"Say whether the configuration is right, without starting."`
	Show  *configShowCmd  `arg:"subcommand:show" help:"Print the configuration with all defaults, secrets masked."`
}

type configCheckCmd struct{}

// Run reads and validates the configuration.
func (configCheckCmd) Run(c *cli) error {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(map[string]any{"ok": true, "server_name": cfg.ServerName})
	}
	fmt.Printf("%s is right: it configures %s\n", c.Config, cfg.ServerName)
	return nil
}

type configShowCmd struct{}

// Run prints what the node would run with.
func (configShowCmd) Run(c *cli) error {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	fmt.Print(cfg.Show())
	return nil
}
