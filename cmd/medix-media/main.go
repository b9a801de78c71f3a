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

// program is a subcommand: it works until ctx is done or more ends, and says on out what happens.
type program func(ctx context.Context, job []byte, more io.Reader, out io.Writer) error

var programs = map[string]program{
	"sfu":    whileRead(serveSFU),
	"record": recordCall,
	"probe":  whileRead(probe),
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "medix-media: %v\n", err)
		os.Exit(1)
	}
}

// run executes one subcommand with the job that in begins with.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || programs[args[0]] == nil {
		return errors.New("say sfu, record or probe; medix starts both by itself")
	}
	lines := bufio.NewReaderSize(in, maxJob)
	job, err := lines.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading the job, one line of JSON, from the standard input: %w", err)
	}
	return programs[args[0]](ctx, append([]byte(nil), job...), lines, out)
}

// whileRead makes a program end when its input ends.
func whileRead(p func(ctx context.Context, job []byte, out io.Writer) error) program {
	return func(ctx context.Context, job []byte, more io.Reader, out io.Writer) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			_, _ = io.Copy(io.Discard, more) // ends when the node is gone, however it went
			cancel()
		}()
		return p(ctx, job, out)
	}
}
