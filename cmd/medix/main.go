package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

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
	parser, err := kong.New(&c,
		kong.Name("medix"),
		kong.Description("A hospital's node of the MediXchange: chat across hospitals, each in their own language."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return fail(fmt.Errorf("building the command line: %w", err))
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "medix: %v\n", err)
		return 2
	}
	if err := parsed.Run(&c); err != nil {
		return fail(err)
	}
	return 0
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
