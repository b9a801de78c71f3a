package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"medixchange/cmd/medix/commandline"
	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
)

type cli struct {
	Config string `help:"The configuration file." default:"medix.yaml" env:"MEDIX_CONFIG" type:"path" short:"c"`
	JSON   bool   `help:"Print answers as JSON, for scripts."`

	Init   initCmd      `cmd:"" help:"Prepare a new node: configuration and signing key."`
	Serve  serveCmd     `cmd:"" help:"Run the node."`
	Demo   demoCmd      `cmd:"" help:"Run two hospitals on this machine and show what they do."`
	User   userCmd      `cmd:"" help:"Accounts of the running node."`
	Token  tokenCmd     `cmd:"" help:"Registration tokens of the running node."`
	Check  configCmd    `cmd:"" name:"config" help:"Check or show the configuration."`
	Trans  translateCmd `cmd:"" name:"translate" help:"Try and look after the translator."`
	Bridge bridgeCmd    `cmd:"" help:"The translation bot beside another homeserver."`
	Status statusCmd    `cmd:"" help:"Ask the running node how it is."`
	Ver    verCmd       `cmd:"" name:"version" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes one command line and returns the exit code: 0 done, 1 failed, 2 not understood.
func run(ctx context.Context, args []string) int {
	var c cli
	command, err := commandline.Parse(&c, "medix", about, args)
	var misuse *commandline.Misuse
	switch {
	case errors.As(err, &misuse):
		fmt.Fprintf(os.Stderr, "%s\nmedix: %s\n", misuse.Help, misuse.Reason)
		return 2
	case err != nil:
		return fail(fmt.Errorf("building the command line: %w", err))
	case command.Verb == nil:
		fmt.Print(command.Help)
		return 0
	}
	if err := c.run(ctx, command.Verb); err != nil {
		return fail(err)
	}
	return 0
}

const about = "A hospital's node of the MediXchange: chat across hospitals, each in their own language."

// run does what a verb does; each takes what it needs.
func (c *cli) run(ctx context.Context, verb any) error {
	switch v := verb.(type) {
	case interface{ Run() error }:
		return v.Run()
	case interface{ Run(*cli) error }:
		return v.Run(c)
	case interface{ Run(context.Context) error }:
		return v.Run(ctx)
	case interface {
		Run(context.Context, *cli) error
	}:
		return v.Run(ctx, c)
	}
	return fmt.Errorf("%T cannot be run", verb)
}

func fail(err error) int {
	var problems config.Problems
	if errors.As(err, &problems) {
		fmt.Fprintf(os.Stderr, "medix: the configuration has faults; nothing was started:\n%v\n", problems)
		return 1
	}
	fmt.Fprintf(os.Stderr, "medix: %v\n", err)
	return 1
}

type verCmd struct{}

// Run prints the version.
func (verCmd) Run(c *cli) error {
	if c.JSON {
		return printJSON(map[string]string{"version": node.Version})
	}
	fmt.Println("medix", node.Version)
	return nil
}
