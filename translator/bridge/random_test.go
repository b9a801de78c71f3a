package bridge

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb/sqldbtest"
)

// shownBy is what a client shows of each message, by the two ways in which clients choose among edits: the highest
// timestamp (js) or the last to arrive (rust), which also keeps an edit whose redaction names something else. states are
// those of the keys of what came last.
type shownBy struct{ byTime, byArrival, states map[string]string }

// replay applies what a device was sent as the two kinds of clients do.
func replay(events []gjson.Result) shownBy {
	type edit struct {
		id, text, state string
		ts              int64
	}
	texts, states, edits := map[string]string{}, map[string]string{}, map[string][]edit{}
	shown := shownBy{map[string]string{}, map[string]string{}, map[string]string{}}
	gone := map[string]bool{}
	for _, ev := range events {
		id, content := ev.Get("event_id").Str, ev.Get("content")
		if ev.Get("type").Str == "m.room.redaction" {
			gone[redactsOf(ev)] = true
			continue
		}
		if target := content.Get(pathRelates + ".event_id").Str; content.Get(pathRelates+".rel_type").Str == relReplace {
			edits[target] = append(edits[target], edit{
				id, content.Get(pathNewContent + ".body").Str, keyIn(ev).Get("state").Str, ev.Get("origin_server_ts").Int(),
			})
			continue
		}
		texts[id], states[id] = content.Get("body").Str, keyIn(ev).Get("state").Str
	}
	for id, text := range texts {
		if gone[id] {
			continue
		}
		shown.byTime[id], shown.byArrival[id], shown.states[id] = text, text, states[id]
		latest := int64(-1)
		for _, e := range edits[id] {
			if gone[e.id] {
				continue
			}
			shown.byArrival[id], shown.states[id] = e.text, e.state
			if e.ts >= latest {
				latest, shown.byTime[id] = e.ts, e.text
			}
		}
	}
	return shown
}

// Whatever is said, edited and redacted while translations are late, and however a device asks, it ends up showing the
// translation of the newest version of each message, with both ways of choosing among edits.
func TestRandomConversationsEndTranslatedOnEveryDevice(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		for seed := range uint64(6) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) { randomConversation(t, fresh(), seed) })
		}
	})
}

// said is a message with the text of its newest version; edits are those that stand, oldest first.
type said struct {
	id    string
	texts []string
	edits []string
}

func randomConversation(t *testing.T, address string, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7))
	w := newWorldAt(t, address, func(w *world) { w.config.HoldBudget, w.page = 1, time.Millisecond })
	w.reads(bob, "es")
	w.reads(carla, "es")
	room := w.room(alice)
	come := func() { w.member(room, bob, bob, "join"); w.member(room, carla, carla, "join") }
	if seed%2 == 0 {
		come()
	}
	devices := []*device{w.device(bob), w.device(carla), w.device(alice)}
	open := func() {}
	var all []*said
	redacted := map[string]bool{}
	for step := range 60 {
		if seed%2 == 1 && step == 18 {
			come() // and begin with what nobody has translated yet
		}
		switch n := r.IntN(10); {
		case n < 3 || len(all) == 0:
			text := bedSentence(1000*int(seed) + step)
			all = append(all, &said{id: w.say(room, alice, text), texts: []string{text}})
		case n < 5:
			m := all[r.IntN(len(all))]
			text := bedSentence(1000*int(seed) + step)
			m.edits = append(m.edits, w.send(room, alice, editOf(m.id, text)))
			m.texts = append(m.texts, text)
			time.Sleep(2 * time.Millisecond) // each version has a time of its own
		case n < 6:
			i := r.IntN(len(all))
			m := all[i]
			if last := len(m.edits) - 1; last >= 0 {
				w.redact(room, alice, m.edits[last])
				m.edits, m.texts = m.edits[:last], m.texts[:last+1]
			} else {
				w.redact(room, alice, m.id)
				redacted[m.id] = true
				all = append(all[:i], all[i+1:]...)
			}
		case n < 7:
			open()
			open = w.engine.close()
		case n < 8:
			open()
		default:
			w.ahead.Add(int64(time.Minute)) // a device is told of so many late translations a minute and no more
			devices[r.IntN(len(devices))].sync(time.Duration(r.IntN(3)) * time.Millisecond)
		}
	}
	open()
	w.settled()
	for _, d := range devices {
		before := -1
		for before != len(d.events[room]) {
			before = len(d.events[room])
			w.ahead.Add(int64(time.Minute))
			d.sync(0)
		}
		shown := replay(d.messages(room))
		for _, m := range all {
			want := m.texts[len(m.texts)-1]
			if d.device.UserID != alice {
				want = bedPhrase.Replace(want)
			}
			if text, came := shown.byTime[m.id]; came {
				require.Contains(t, text, want, "by time, %s", d.device.UserID)
				require.Contains(t, shown.byArrival[m.id], want, "by arrival, %s", d.device.UserID)
				require.NotEqual(t, "pending", shown.states[m.id], "nothing stays pending, %s", d.device.UserID)
			}
		}
		for id := range redacted {
			require.Empty(t, shown.byTime[id])
		}
	}
	requireNoTextOf(t, w, redacted)
}

// requireNoTextOf fails when something is kept of what a redacted message said.
func requireNoTextOf(t *testing.T, w *world, redacted map[string]bool) {
	for id := range redacted {
		for _, row := range w.rows(id, "es") {
			if row.Version == row.EventNID {
				require.Empty(t, strings.TrimSpace(string(row.Content)+string(row.LateContent)))
			}
		}
	}
}
