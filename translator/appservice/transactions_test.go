package appservice

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

// logged is a log that is kept. It is safe for concurrent use.
type logged struct {
	mu    sync.Mutex
	text  bytes.Buffer
	entry *logrus.Entry
}

func newLogged() *logged {
	l := &logged{}
	log := logrus.New()
	log.SetOutput(l)
	l.entry = logrus.NewEntry(log)
	return l
}

// Write implements io.Writer.
func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// lines are those with a text in them.
func (l *logged) lines(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

func TestATransactionIsDoneOnceAlsoAfterARestart(t *testing.T) {
	w := newBesideWorld(t)
	w.invited("@ana:b.example")
	w.push("1", w.said("@bo:b.example", "!lang es"))
	w.hs.waitSaid("Usted lee en")
	message := w.said("@ana:b.example", "once")
	w.push("2", message)
	w.hs.waitSaid("es once")
	w.push("2", message)
	w.stop()
	w.start()
	w.push("2", message)
	w.push("3", message) // the same event in another transaction: the homeserver knows the transaction ids of our answers
	w.push("4", w.said("@ana:b.example", "after"))
	w.hs.waitSaid("es after")
	require.Equal(t, 1, w.hs.count("es once"))
}

// TestATransactionWithTheIDOfAnOtherIsTaken: Synapse with SQLite counts from 1 again after each of its starts.
func TestATransactionWithTheIDOfAnOtherIsTaken(t *testing.T) {
	log := newLogged()
	w := newReaderBeside(t, func(o *Options) { o.Log = log.entry })
	first := w.said("@ana:b.example", "first")
	w.push("7", first)
	w.hs.waitSaid("es first")
	second := w.said("@ana:b.example", "second")
	w.push("7", second)
	w.hs.waitSaid("es second")
	w.push("8", w.said("@ana:b.example", "third"))
	w.push("8", w.said("@ana:b.example", "fourth"))
	w.push("invite", w.said("@ana:b.example", "fifth"))
	w.hs.waitSaid("es fourth")
	w.hs.waitSaid("es fifth")
	require.Len(t, log.lines("ids that it gave before"), 2, "once each time")

	w.stop()
	w.start()
	second["unsigned"] = object{"age": 4711} // as homeservers write it anew each time
	w.push("7", second)
	w.push("9", w.said("@ana:b.example", "after it"))
	w.hs.waitSaid("es after it")
	require.Equal(t, 1, w.hs.countSends("es second"), "it was the same as before")
}

// TestATransactionOfAVersionThatKeptOnlyIDsIsTaken: whether it is the same cannot be told, and the homeserver knows the ids of our answers.
func TestATransactionOfAVersionThatKeptOnlyIDsIsTaken(t *testing.T) {
	w := newReaderBeside(t)
	vault := w.service.o.Vault
	require.NoError(t, vault.Together(t.Context(), func() error { vault.Put(kindTransaction, "", "7", []byte("1")); return nil }))
	w.push("7", w.said("@ana:b.example", "hello"))
	w.hs.waitSaid("es hello")
}
