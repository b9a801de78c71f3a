package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"medixchange/cmd/medix/demo"
)

type demoCmd struct {
	Check bool   `arg:"--check" help:"End when everything was shown, with exit code 0 only if all of it worked."`
	Say   string `arg:"--say" help:"A sentence of your own, said from one language to another."`
	From  string `arg:"--from" help:"The language of --say." default:"en"`
	To    string `arg:"--to" help:"The language that --say is read in." default:"es"`
	Dir   string `arg:"--dir" help:"Keep the hospitals' data here; the default is a temporary folder."`
	PortA int    `arg:"--port-a" help:"Port for the clients of hospital A; 0: any." default:"8008"`
	PortB int    `arg:"--port-b" help:"Port for the clients of hospital B; 0: any." default:"8009"`
}

// Run plays the demonstration.
func (d demoCmd) Run(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if d.Dir != "" {
		if d.Dir, err = filepath.Abs(d.Dir); err != nil {
			return fmt.Errorf("finding the folder: %w", err)
		}
	}
	o := demo.Options{
		Program: program, Dir: d.Dir, Check: d.Check, Say: d.Say, From: d.From, To: d.To, Out: os.Stdout,
	}
	if !d.Check { // a check takes any ports, so that it runs beside whatever else does
		o.Ports[0], o.Ports[2] = d.PortA, d.PortB
	}
	err = demo.Run(ctx, o)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
