package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// report prints one line a step and counts what failed.
type report struct {
	out    io.Writer
	steps  int
	failed int
}

// step runs fn and prints its outcome; detail is what it returned. It reports whether the step succeeded.
func (r *report) step(what string, fn func() (detail string, err error)) bool {
	start := time.Now()
	detail, err := fn()
	took := time.Since(start).Round(100 * time.Microsecond)
	r.steps++
	if err != nil {
		r.failed++
		fmt.Fprintf(r.out, "✗ %-66s %10s\n    %v\n", what, took, err)
		return false
	}
	fmt.Fprintf(r.out, "✓ %-66s %10s\n", what, took)
	for line := range strings.Lines(detail) {
		fmt.Fprintf(r.out, "    %s\n", strings.TrimRight(line, "\n"))
	}
	return true
}

func (r *report) title(text string) { fmt.Fprintf(r.out, "\n%s\n", text) }
