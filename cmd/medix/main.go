package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alexflint/go-arg"

	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
)

type cli struct {
	Config string `arg:"-c,--config,env:MEDIX_CONFIG" help:"The configuration file." default:"medix.yaml"`
	JSON   bool   `arg:"--json" help:"Print answers as JSON, for scripts."`

	Init      *initCmd       `arg:"subcommand:init" help:"Prepare a new node: configuration and signing key."`
	Serve     *serveCmd      `arg:"subcommand:serve" help:"Run the node."`
	Demo      *demoCmd       `arg:"subcommand:demo" help:"Run two hospitals on this machine and show what they do."`
	User      *userCmd       `arg:"subcommand:user" help:"Accounts of the running node."`
	Token     *tokenCmd      `arg:"subcommand:token" help:"Registration tokens of the running node."`
	Check     *configCmd     `arg:"subcommand:config" help:"Check or show the configuration."`
	Trans     *translateCmd  `arg:"subcommand:translate" help:"Try and look after the translator."`
	Ally      *allianceCmd   `arg:"subcommand:alliance" help:"The alliance of hospitals: its charter and member list."`
	Dir       *directoryCmd  `arg:"subcommand:directory" help:"The directory of clinicians: who is in it, who is verified, who is on duty."`
	Bridge    *bridgeCmd     `arg:"subcommand:bridge" help:"The translation bot beside another homeserver."`
	Search    *searchCmd     `arg:"subcommand:search" help:"The index by which messages are found."`
	Book      *handbookCmd   `arg:"subcommand:handbook" help:"The clinical handbook: check it, and see how far its translations are."`
	Conform   *conformCmd    `arg:"subcommand:conform" help:"Examine whether another server is fit to federate with."`
	Status    *statusCmd     `arg:"subcommand:status" help:"Ask the running node how it is."`
	Ver       *verCmd        `arg:"subcommand:version" help:"Print the version."`
	Conf      *conferenceCmd `arg:"subcommand:conference" help:"Conferences: examine whether they work."`
	Recording *recordingCmd  `arg:"subcommand:recording" help:"Recordings of conferences: list, hold, delete, verify."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes one command line and returns the exit code: 0 done, 1 failed, 2 not understood.
func run(ctx context.Context, args []string) int {
	var c cli
	parser, err := arg.NewParser(arg.Config{Program: "medix"}, &c)
	if err != nil {
		return fail(fmt.Errorf("building the command line: %w", err))
	}
	err = parser.Parse(args)
	if errors.Is(err, arg.ErrHelp) {
		help(parser, os.Stdout)
		return 0
	}
	if err == nil && !runnable(parser.Subcommand()) {
		err = errors.New("say which command is wanted")
	}
	if err != nil {
		help(parser, os.Stderr)
		fmt.Fprintf(os.Stderr, "\nmedix: %v\n", err)
		return 2
	}
	if err := c.run(ctx, parser.Subcommand()); err != nil {
		return fail(err)
	}
	return 0
}

// help tells of the command that was named, as far as it was understood.
func help(parser *arg.Parser, to io.Writer) {
	if err := parser.WriteHelpForSubcommand(to, parser.SubcommandNames()...); err != nil {
		parser.WriteHelp(to)
	}
}

// Description is what the help begins with.
func (*cli) Description() string {
	return "A hospital's node of the MediXchange: chat across hospitals, each in their own language."
}

// runnable reports whether a command does something itself, rather than group others.
func runnable(command any) bool {
	switch command.(type) {
	case interface{ Run() error }, interface{ Run(*cli) error }, interface{ Run(context.Context) error }, interface {
		Run(context.Context, *cli) error
	}:
		return true
	}
	return false
}

// run does what a command does; each takes what it needs.
func (c *cli) run(ctx context.Context, command any) error {
	var err error
	if c.Config, err = filepath.Abs(c.Config); err != nil {
		return fmt.Errorf("finding the configuration: %w", err)
	}
	switch v := command.(type) {
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
	return fmt.Errorf("%T cannot be run", command)
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
