package bridge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// fakeEngine translates what its book has, and counts.
type fakeEngine struct {
	mu    sync.Mutex
	book  map[string]string // "es:text" → translation
	asked map[string]int
	fail  error
	more  []string      // pairs that it offers beside English and Spanish
	gate  chan struct{} // closed when requests may end; nil: open
}

// bedPhrase translates "The patient of bed number 7 is better today.", so that there are many different sentences.
var bedPhrase = strings.NewReplacer("The patient of bed number ", "El paciente de la cama número ", " is better today.", " está mejor hoy.")

func (e *fakeEngine) Name() string { return "fake" }

func (e *fakeEngine) Offers(from, to language.Code) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return from == "en" && to == "es" || from == "es" && to == "en" || slices.Contains(e.more, string(from)+" "+string(to))
}

// offer adds pairs, as "en fr".
func (e *fakeEngine) offer(pairs ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.more = append(e.more, pairs...)
}

func (e *fakeEngine) Translate(ctx context.Context, request engine.Request) (engine.Answer, error) {
	e.mu.Lock()
	gate, fail := e.gate, e.fail
	for _, s := range request.Segments {
		e.asked[string(request.To)+":"+s.Plain()]++
	}
	e.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return engine.Answer{}, ctx.Err()
		}
	}
	if fail != nil {
		return engine.Answer{}, fail
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var answer engine.Answer
	for _, s := range request.Segments {
		translated, err := e.segment(request.To, s)
		if err != nil {
			return engine.Answer{}, err
		}
		answer.Segments = append(answer.Segments, translated)
	}
	return answer, nil
}

// segment keeps what is protected and translates the words around it.
func (e *fakeEngine) segment(to language.Code, s protect.Segment) (protect.Segment, error) {
	var out protect.Segment
	for _, piece := range s {
		if text := strings.TrimSpace(piece.Text); piece.Kind == protect.Text && text != "" {
			translation, ok := e.book[string(to)+":"+text]
			if bed := bedPhrase.Replace(text); strings.HasPrefix(text, "The patient of bed") && to == "es" {
				translation, ok = bed, true
			}
			if !ok {
				return nil, errors.New("not in the book")
			}
			piece.Text = strings.Replace(piece.Text, text, translation, 1)
		}
		out = append(out, piece)
	}
	return out, nil
}

// close shuts the gate and returns what opens it.
func (e *fakeEngine) close() (open func()) {
	gate := make(chan struct{})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gate = gate
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.gate = nil
		close(gate)
	})
}

func (e *fakeEngine) failWith(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail = err
}

func (e *fakeEngine) count(to, text string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[to+":"+text]
}

func (e *fakeEngine) total() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, count := range e.asked {
		n += count
	}
	return n
}
