package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Options of a demonstration.
type Options struct {
	Program string // path of medix; the hospitals are processes of it
	Dir     string // where the hospitals keep their data; "" is a temporary folder that is removed
	Check   bool   // end when everything was shown; otherwise the hospitals stay up until ctx ends
	Say     string // a sentence of the runner's own
	From    string // its language
	To      string // the language it is read in
	Out     io.Writer
	Ports   [4]int // client and federation ports of A and B; 0 takes a free one
}

// ErrFailed says that at least one step showed ✗.
var ErrFailed = errors.New("not everything that was to be shown could be shown")

// Run shows everything. The error is ErrFailed when a step failed, anything else when the demonstration itself could not
// run.
func Run(ctx context.Context, o Options) error {
	dir, cleanup, err := folder(o.Dir)
	if err != nil {
		return err
	}
	defer cleanup()
	s := &stage{Options: o, report: &report{out: o.Out}, dir: dir}
	defer s.close()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	s.show(ctx)
	if s.report.failed > 0 {
		fmt.Fprintf(o.Out, "\n%d of %d steps failed. The hospitals' logs: %s\n", s.report.failed, s.report.steps, dir)
		s.keep = true
		return ErrFailed
	}
	fmt.Fprintf(o.Out, "\nAll %d steps shown.\n", s.report.steps)
	if o.Check {
		return nil
	}
	s.explain()
	<-ctx.Done()
	return nil
}

func folder(dir string) (path string, cleanup func(), err error) {
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", nil, fmt.Errorf("finding %s: %w", dir, err)
		}
		return abs, func() {}, os.MkdirAll(abs, 0o700)
	}
	path, err = os.MkdirTemp("", "medix-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	return path, func() { _ = os.RemoveAll(path) }, nil
}
