package testhospital

import (
	"strings"
	"sync"

	"github.com/sirupsen/logrus"
)

// maxLogged bounds the lines that a logbook keeps; the oldest go.
const maxLogged = 5000

// logbook keeps what a hospital logs, from the level of its configuration on.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

// Levels implements [logrus.Hook].
func (b *logbook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements [logrus.Hook].
func (b *logbook) Fire(e *logrus.Entry) error {
	line, err := e.String()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines) >= maxLogged {
		b.lines = b.lines[1:]
	}
	b.lines = append(b.lines, line)
	return nil
}

// Logged returns the lines that the hospital has logged since its first start, from the level of its configuration on, and that hold all of texts.
func (h *Hospital) Logged(texts ...string) []string {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	var found []string
	for _, line := range h.log.lines {
		holds := true
		for _, text := range texts {
			holds = holds && strings.Contains(line, text)
		}
		if holds {
			found = append(found, line)
		}
	}
	return found
}
