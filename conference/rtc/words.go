package rtc

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

const (
	// askAgain is how old the word of another hospital may be before it is asked again (ms), and againAfterFailing how long after an
	// attempt that failed.
	askAgain          = 10_000
	againAfterFailing = 2_000
	// wordGood is for how long what a hospital said last counts when it does not answer (ms).
	wordGood = 45_000
	// maxHospitals bounds the other hospitals of a call that are asked, and maxTold the pictures of each that count.
	maxHospitals = 64
	maxTold      = 500
)

// word is what another hospital said of who shows pictures in a call, and what it was told.
type word struct {
	pictures []picture
	ts       int64         // by the other's clock: an older word, which comes later, does not count
	heard    int64         // ms; 0: never
	failed   int64         // ms: when the last request failed; 0: it did not
	told     string        // print of what it was told last
	asking   chan struct{} // closed when the request under way has ended; nil: there is none
}

// words are those of all calls, by SFU room and server. Safe for concurrent use.
type words struct {
	mu  sync.Mutex
	all map[string]map[string]*word
}

// printOf tells one list from another.
func printOf(list []picture) string {
	var b strings.Builder
	for _, p := range list {
		fmt.Fprintf(&b, "%d %s\n", p.Since, p.Identity)
	}
	return b.String()
}

// of returns what the other hospitals of a call said, where it still counts.
func (w *words) of(sfuRoom string, now int64) []picture {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []picture
	for _, word := range w.all[sfuRoom] {
		if word.heard != 0 && now-word.heard < wordGood {
			list = append(list, word.pictures...)
		}
	}
	return list
}

// at returns the word of a server, nil where there are too many. The caller holds the lock.
func (w *words) at(sfuRoom, server string) *word {
	if w.all[sfuRoom] == nil {
		w.all[sfuRoom] = map[string]*word{}
	}
	if w.all[sfuRoom][server] == nil && len(w.all[sfuRoom]) < maxHospitals {
		w.all[sfuRoom][server] = &word{}
	}
	return w.all[sfuRoom][server]
}

// begin decides whether a server is to be told list and asked for its own. done is closed when the request has ended that is under
// way, which the caller is to make where mine says so; nil: there is nothing to ask.
func (w *words) begin(sfuRoom, server string, list []picture, now int64) (done chan struct{}, mine bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	word := w.at(sfuRoom, server)
	switch {
	case word == nil:
		return nil, false
	case word.asking != nil:
		return word.asking, false
	case word.told == printOf(list) && word.heard != 0 && now-word.heard < askAgain:
		return nil, false
	case word.failed != 0 && now-word.failed < againAfterFailing:
		return nil, false
	}
	word.asking = make(chan struct{})
	return word.asking, true
}

// end notes how the request done went; answer is nil where it failed.
func (w *words) end(sfuRoom, server string, done chan struct{}, told []picture, answer *report, now int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	word := w.all[sfuRoom][server]
	if word == nil || word.asking != done {
		return // the call was over meanwhile
	}
	close(done)
	word.asking = nil
	if word.failed = now; answer != nil {
		word.failed, word.told = 0, printOf(told)
		word.hear(answer, now)
	}
}

// hear notes what a server said by itself, and that it was told list with the answer. It reports whether that is news.
func (w *words) hear(sfuRoom, server string, said *report, list []picture, now int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	word := w.at(sfuRoom, server)
	if word == nil {
		return false
	}
	word.told = printOf(list)
	return word.hear(said, now)
}

func (w *word) hear(said *report, now int64) bool {
	if said.TS < w.ts && now-w.heard < wordGood {
		return false
	}
	news := !slices.Equal(w.pictures, said.Showing) || now-w.heard >= wordGood
	w.pictures, w.ts, w.heard = said.Showing, said.TS, now
	return news
}

// forget lets go of the calls that are over.
func (w *words) forget(over func(sfuRoom string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for sfuRoom, servers := range w.all {
		if !over(sfuRoom) {
			continue
		}
		for _, word := range servers {
			if word.asking != nil {
				close(word.asking)
			}
		}
		delete(w.all, sfuRoom)
	}
}

// servers returns the hospitals of a call whose word counts.
func (w *words) servers(sfuRoom string, now int64) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var servers []string
	for server, word := range w.all[sfuRoom] {
		if word.heard != 0 && now-word.heard < wordGood {
			servers = append(servers, server)
		}
	}
	return servers
}

// calls returns the SFU rooms of which something was said or asked.
func (w *words) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.all))
}
