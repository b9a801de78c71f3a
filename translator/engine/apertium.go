package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"medixchange/internal/pattern"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// ApertiumConfig tells where Apertium's language pairs are, and what of them to use.
type ApertiumConfig struct {
	ModesDir string        // default /usr/share/apertium/modes
	Pivot    language.Code // language that pairs without a direct way may go through; empty: none
	Idle     time.Duration // a pipe that was not used so long is stopped; default ten minutes
}

const defaultModesDir = "/usr/share/apertium/modes"

// Apertium runs the installed language pairs of Apertium, each as one long-lived pipe of its programs
// that flushes at every NUL byte. Pipes start when they are first needed, are killed when they miss a
// deadline, and start again with the next request.
type Apertium struct {
	pivot language.Code
	pipes map[pair]*pipe
}

type pair struct{ from, to language.Code }

// NewApertium finds the pairs that are installed. It starts nothing; without Apertium it offers nothing.
func NewApertium(config ApertiumConfig) (*Apertium, error) {
	if config.ModesDir == "" {
		config.ModesDir = defaultModesDir
	}
	if config.Idle <= 0 {
		config.Idle = 10 * time.Minute
	}
	a := &Apertium{pivot: config.Pivot, pipes: map[pair]*pipe{}}
	files, err := filepath.Glob(filepath.Join(config.ModesDir, "*.mode"))
	if err != nil {
		return nil, fmt.Errorf("apertium: modes in %s: %w", config.ModesDir, err)
	}
	for _, file := range files {
		from, to, ok := pairOfMode(file)
		if !ok {
			continue
		}
		script, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("apertium: %w", err)
		}
		a.pipes[pair{from, to}] = &pipe{command: flushing(string(script)), idle: config.Idle}
	}
	return a, nil
}

// pairOfMode reads "eng-spa.mode"; names of variants ("es-pt_BR", "eco-es-fr") are passed over.
func pairOfMode(file string) (from, to language.Code, ok bool) {
	a, b, found := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".mode"), "-")
	if !found || strings.ContainsAny(b, "-_") || len(a) > 3 || len(b) > 3 {
		return "", "", false
	}
	from, errFrom := language.Parse(a)
	to, errTo := language.Parse(b)
	return from, to, errFrom == nil && errTo == nil && from != to
}

// programs are the stages of a mode; each takes -z to flush at a NUL byte.
var programs = pattern.Lazy(`(^|\|)\s*(lt-proc|lrx-proc|lsx-proc|rtx-proc|cg-proc|apertium-[a-z-]+)`)

// flushing is a mode's command line with flushing at NUL bytes in every stage.
func flushing(script string) string { return programs().ReplaceAllString(script, "$1 $2 -z") }

// Name is "apertium".
func (a *Apertium) Name() string { return "apertium" }

// Pairs lists what is installed, directly, in order.
func (a *Apertium) Pairs() [][2]language.Code {
	var pairs [][2]language.Code
	for p := range a.pipes {
		pairs = append(pairs, [2]language.Code{p.from, p.to})
	}
	slices.SortFunc(pairs, func(a, b [2]language.Code) int { return slices.Compare(a[:], b[:]) })
	return pairs
}

// Offers reports a pair that is installed, or can go through the pivot.
func (a *Apertium) Offers(from, to language.Code) bool { return len(a.route(from, to)) > 0 }

// route is the way from one language to the other: one pipe, or two through the pivot.
func (a *Apertium) route(from, to language.Code) []*pipe {
	if direct := a.pipes[pair{from, to}]; direct != nil {
		return []*pipe{direct}
	}
	first, second := a.pipes[pair{from, a.pivot}], a.pipes[pair{a.pivot, to}]
	if a.pivot == "" || first == nil || second == nil {
		return nil
	}
	return []*pipe{first, second}
}

// Translate sends the segments through the pipes.
func (a *Apertium) Translate(ctx context.Context, request Request) (Answer, error) {
	route := a.route(request.From, request.To)
	if len(route) == 0 {
		return Answer{}, fmt.Errorf("apertium: %w: %s to %s is not installed", ErrRefused, request.From, request.To)
	}
	answer := Answer{Segments: request.Segments}
	if len(route) > 1 {
		answer.Pivot = a.pivot
	}
	for _, pipe := range route {
		wire := newApertiumWire(answer.Segments)
		lines, err := pipe.exchange(ctx, wire.encode(answer.Segments))
		if err != nil {
			return Answer{}, fmt.Errorf("apertium %s to %s: %w", request.From, request.To, err)
		}
		translated := make([]protect.Segment, len(lines))
		for i, line := range lines {
			segment, unknown := wire.decode(line)
			translated[i] = segment
			answer.Unknown = append(answer.Unknown, unknown...)
		}
		answer.Segments = translated
	}
	for i, segment := range answer.Segments {
		answer.Segments[i] = spacedAs(request.Segments[i], segment)
	}
	return answer, nil
}

// Check sends an empty text through the pipes that run. If none does, one pair shows whether Apertium works, and is stopped
// again.
func (a *Apertium) Check(ctx context.Context) error {
	pairs := a.Pairs()
	if len(pairs) == 0 {
		return errors.New("apertium: no language pair is installed")
	}
	running := false
	for _, p := range pairs {
		ran, err := a.pipes[pair{p[0], p[1]}].check(ctx, false)
		if err != nil {
			return fmt.Errorf("apertium %s to %s: %w", p[0], p[1], err)
		}
		running = running || ran
	}
	if running {
		return nil
	}
	first := pairs[0]
	if _, err := a.pipes[pair{first[0], first[1]}].check(ctx, true); err != nil {
		return fmt.Errorf("apertium %s to %s: %w", first[0], first[1], err)
	}
	return nil
}

// Close stops all pipes.
func (a *Apertium) Close() {
	var done sync.WaitGroup
	for _, p := range a.pipes {
		done.Go(p.stop)
	}
	done.Wait()
}
