package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// maxJob bounds the line of JSON that a subcommand is started with, in bytes.
const maxJob = 1 << 20

// program is a subcommand: it works until ctx is done, and says on out what happens.
type program func(ctx context.Context, job []byte, out io.Writer) error

var programs = map[string]program{
	"sfu": serveSFU,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "medix-media: %v\n", err)
		os.Exit(1)
	}
}

// run executes one subcommand with the job that in begins with, and cancels it when in ends.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || programs[args[0]] == nil {
		return errors.New("say sfu or record; medix starts both by itself")
	}
	lines := bufio.NewReaderSize(in, maxJob)
	job, err := lines.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading the job, one line of JSON, from the standard input: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	job = append([]byte(nil), job...)
	go func() {
		_, _ = io.Copy(io.Discard, lines) // ends when the node is gone, however it went
		cancel()
	}()
	return programs[args[0]](ctx, job, out)
}
