package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"medixchange/cmd/medix/beside"
	"medixchange/internal/config"
	"medixchange/translator/appservice"
)

// bridgeCmd is the bot as an application service.
type bridgeCmd struct {
	Init  *bridgeInitCmd  `arg:"subcommand:init" help:"Write the configuration and the registration file for the homeserver."`
	Serve *bridgeServeCmd `arg:"subcommand:serve" help:"Run the bot."`
}

type bridgeInitCmd struct {
	ServerName string `arg:"positional,required" help:"The name of the homeserver: what stands after the colon of its users' ids."`
	Homeserver string `arg:"--homeserver" help:"The homeserver's address for clients." default:"http://127.0.0.1:8008"`
	Listen     string `arg:"--listen" help:"Where the homeserver reaches the bot." default:"127.0.0.1:9008"`
	URL        string `arg:"--url" help:"How the homeserver calls that address, where it is another one."`
}

// Run writes both files. It never overwrites either.
func (i bridgeInitCmd) Run(c *cli) error {
	if !config.ValidServerName(i.ServerName) {
		return fmt.Errorf("%q is no server name: letters, digits, dots and hyphens, such as hospital-b.example", i.ServerName)
	}
	if _, err := os.Stat(c.Config); err == nil {
		return fmt.Errorf("%s is there already and is left as it is", c.Config)
	}
	text := config.SampleFor(i.ServerName)
	defaults := config.Default(i.ServerName)
	text = strings.Replace(text, "\n  homeserver: "+defaults.Bridge.Homeserver+"\n", "\n  homeserver: "+i.Homeserver+"\n", 1)
	text = strings.Replace(text, "\n  listen: "+defaults.Bridge.Listen+"\n", "\n  listen: "+i.Listen+"\n", 1)
	if err := writeNew(c.Config, []byte(text)); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	if i.URL == "" {
		i.URL = "http://" + i.Listen
	}
	encoded, err := appservice.NewRegistration(cfg.Translator.BotLocalpart, i.ServerName, i.URL).Encode()
	if err != nil {
		return err
	}
	if err := writeNew(cfg.Bridge.Registration, encoded); err != nil {
		return fmt.Errorf("writing the registration: %w", err)
	}
	if c.JSON {
		return printJSON(map[string]string{"config": c.Config, "registration": cfg.Bridge.Registration, "data_dir": cfg.DataDir})
	}
	fmt.Printf(`The bot is prepared for %s.

  configuration  %s
  registration   %s (holds secrets; only you can read it)

Next:
  give the homeserver's own user a copy of the registration that it can read
  Synapse: add that copy's path to app_service_config_files in homeserver.yaml, and restart it
  then run medix --config %s bridge serve
`, i.ServerName, c.Config, cfg.Bridge.Registration, c.Config)
	return nil
}

type bridgeServeCmd struct{}

// Run serves until a signal ends ctx.
func (bridgeServeCmd) Run(ctx context.Context, c *cli) error {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	b, err := beside.New(ctx, cfg, beside.Options{})
	if err != nil {
		return err
	}
	return b.Run(ctx)
}
