package tests

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

const (
	engineDelay  = 20 * time.Millisecond
	manyReaders  = 49
	asksForImage = "consultation.send-images"
)

// foreign are the languages of the programme without English, in which the benchmarks write.
var foreign = []language.Code{"zh", "ar", "id", "fr", "ja", "ru", "es", "th", "tr", "vi"}

// speaks chooses what a user reads.
func speaks(u *testhospital.User, code language.Code) {
	u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language",
		map[string]string{"language": string(code)})
}

// translates starts a hospital that asks the engine.
func translates(b *testing.B, engine *interpreter, budget time.Duration) *testhospital.Hospital {
	b.Helper()
	return testhospital.Start(b, func(cfg *config.Config) {
		engine.engine(b, cfg)
		cfg.Translator.HoldBudget = config.Duration(budget)
	})
}

// polyglot is a room with a sender who writes English and readers of other languages.
type polyglot struct {
	b       *testing.B
	engine  *interpreter
	sender  *testhospital.User
	room    string
	readers int
	arrived chan time.Time // when a reader had what is awaited
}

// awaited is what a reader of a language has to get.
type awaited func(code language.Code) string

func newPolyglot(b *testing.B, engine *interpreter, budget time.Duration, readers int, what awaited) *polyglot {
	b.Helper()
	w := &polyglot{b: b, engine: engine, readers: readers, arrived: make(chan time.Time, readers)}
	h := translates(b, engine, budget)
	w.sender = h.User("doctor")
	speaks(w.sender, "en")
	w.room = w.sender.CreateRoom(testhospital.Room{Preset: "public_chat"})
	for i, u := range users(h, "reader", readers) {
		code := foreign[i%len(foreign)]
		speaks(u, code)
		u.Join(w.room)
		wanted := []byte(what(code))
		go newPoller(b, h.URL, u.Token, 30*time.Second).run(func(answer []byte) {
			if bytes.Contains(answer, wanted) {
				w.arrived <- time.Now()
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	return w
}

// wording is how a language asks for images, without the mark at the end.
func (i *interpreter) wording(code language.Code) string {
	return strings.TrimRight(i.memory.Forms(asksForImage, code)[0], ".。")
}

// say sends a text and returns how long each reader waited for what they have to get.
func (w *polyglot) say(text string) []time.Duration {
	start := time.Now()
	w.sender.Say(w.room, text)
	took := make([]time.Duration, w.readers)
	for i := range took {
		select {
		case at := <-w.arrived:
			took[i] = at.Sub(start)
		case <-time.After(10 * time.Second):
			require.FailNow(w.b, "a reader did not get it")
		}
	}
	return took
}

// asks is the sentence of the benchmarks, with a number that makes it new.
func (i *interpreter) asks(code language.Code, number int) string {
	return fmt.Sprintf("%s %d", i.memory.Forms(asksForImage, code)[0], number)
}

// BenchmarkTranslation: from the PUT to the /sync of 49 readers of ten other languages. The engine takes 20 ms, which are
// taken off: what is reported is what translating adds, and how often the engine was asked for a message.
func BenchmarkTranslation(b *testing.B) {
	engine := newInterpreter(b)
	engine.delay = engineDelay
	w := newPolyglot(b, engine, 2*time.Second, manyReaders, engine.wording)
	var over []time.Duration
	measure(b, b.N, func() {
		for i := range b.N {
			for _, took := range w.say(engine.asks("en", i)) {
				over = append(over, took-engineDelay)
			}
		}
	})
	b.ReportMetric(percentile(over, 0.5), "over-engine-p50-ms")
	b.ReportMetric(percentile(over, 0.95), "over-engine-p95-ms")
	b.ReportMetric(float64(engine.total())/float64(b.N), "engine-requests/message")
	require.Equal(b, b.N*len(foreign), engine.total(), "one request for a message and language, however many read it")
}

// BenchmarkTranslationKnown: the same text again, from the PUT to the /sync of a reader; the engine is not asked.
func BenchmarkTranslationKnown(b *testing.B) {
	engine := newInterpreter(b)
	engine.delay = engineDelay
	w := newPolyglot(b, engine, 2*time.Second, 1, engine.wording)
	w.say(engine.asks("en", 1))
	took := make([]time.Duration, 0, b.N)
	measure(b, b.N, func() {
		for range b.N {
			took = append(took, w.say(engine.asks("en", 1))...)
		}
	})
	b.ReportMetric(percentile(took, 0.5), "p50-ms")
	b.ReportMetric(percentile(took, 0.95), "p95-ms")
	require.Equal(b, 1, engine.total())
}

// BenchmarkTranslationOneLanguage: a room in which all read what is written asks no engine.
func BenchmarkTranslationOneLanguage(b *testing.B) {
	engine := newInterpreter(b)
	h := translates(b, engine, 800*time.Millisecond)
	members := users(h, "doctor", manyReaders+1)
	room := members[0].CreateRoom(testhospital.Room{Preset: "public_chat"})
	for i, u := range members {
		speaks(u, "en")
		if i > 0 {
			u.Join(room)
		}
	}
	measure(b, b.N, func() {
		inParallel(b.N, func(i int) { members[i%len(members)].Say(room, engine.asks("en", i)) })
	})
	members[0].WaitFor(room, members[1].Say(room, engine.asks("en", b.N)))
	require.Zero(b, engine.total())
}

// BenchmarkTranslationHanging: the engine never answers; from the PUT to the /sync of a reader who gets the original,
// over the time for which it is held. At most as many messages as the engine is asked at a time.
func BenchmarkTranslationHanging(b *testing.B) {
	const budget = 800 * time.Millisecond
	engine := newInterpreter(b)
	engine.hanging = true
	w := newPolyglot(b, engine, budget, 1, func(language.Code) string { return engine.wording("en") })
	var over []time.Duration
	measure(b, b.N, func() {
		for i := range b.N {
			over = append(over, w.say(engine.asks("en", i))[0]-budget)
		}
	})
	b.ReportMetric(percentile(over, 0.5), "over-budget-p50-ms")
	b.ReportMetric(percentile(over, 0.95), "over-budget-p95-ms")
}

// BenchmarkTranslationRate: rooms with four members of four languages, who write in turn, 250 messages a second in all;
// until each message has come to the three others in their languages.
func BenchmarkTranslationRate(b *testing.B) {
	const rooms, members, pace = 20, 4, time.Second / 250
	engine := newInterpreter(b)
	engine.delay = engineDelay
	h := translates(b, engine, 800*time.Millisecond)
	board := newBoard(b, b.N*(members-1))
	staff := users(h, "doctor", rooms*members)
	ids := make([]string, rooms)
	for i, u := range staff {
		room := i / members
		code := language.Chat[(room+3*i)%len(language.Chat)]
		speaks(u, code)
		if i%members == 0 {
			ids[room] = u.CreateRoom(testhospital.Room{Preset: "public_chat"})
		} else {
			u.Join(ids[room])
		}
		go newPoller(b, h.URL, u.Token, 30*time.Second).run(board.read(ids[room]))
	}
	time.Sleep(500 * time.Millisecond)
	measure(b, b.N, func() {
		start := time.Now()
		inParallel(b.N, func(i int) {
			time.Sleep(time.Until(start.Add(time.Duration(i) * pace)))
			room, member := i%rooms, i/rooms%members
			code := language.Chat[(room+3*(room*members+member))%len(language.Chat)]
			staff[room*members+member].Say(ids[room], engine.asks(code, i))
		})
		board.wait()
	})
	b.ReportMetric(100*float64(board.late)/float64(b.N*(members-1)), "late-%")
	b.ReportMetric(100*float64(board.refused)/float64(b.N*(members-1)), "untranslated-%")
	b.ReportMetric(float64(engine.total())/float64(b.N), "engine-requests/message")
}

// BenchmarkTranslationChat: how many messages a second are taken with an engine that never answers, against a hospital
// that does not translate, when each is offered 400 a second, and when writers send as fast as they can. Each hospital is a process of
// its own, and they take turns of some seconds, between which what they still do ends: neither pays for the other's garbage. Two turns
// of one hospital differ by a tenth, so there are many; error is the standard error of the ratio over them.
func BenchmarkTranslationChat(b *testing.B) {
	const turns = 16
	engine := newInterpreter(b)
	engine.hanging = true
	off, on := newChat(b, engine, "es"), newChat(b, engine, "es", "HS_TRANSLATE_URL="+engine.URL)
	off.send(b.N/turns, 0)
	on.send(b.N/turns, 0)
	b.ResetTimer()
	for _, load := range []struct {
		name  string
		pace  time.Duration
		block int
	}{{"offered", time.Second / 400, b.N / turns / 8}, {"full", 0, b.N / turns}} {
		off.took, on.took, off.cpu, on.cpu = 0, 0, 0, 0
		var ratios []float64
		for range turns {
			alone := off.send(load.block, load.pace)
			ratios = append(ratios, alone.Seconds()/on.send(load.block, load.pace).Seconds())
		}
		sent := float64(turns * load.block)
		b.ReportMetric(sent/off.took.Seconds(), load.name+"-off-ops/s")
		b.ReportMetric(sent/on.took.Seconds(), load.name+"-hanging-ops/s")
		b.ReportMetric(off.took.Seconds()/on.took.Seconds(), load.name+"-ratio")
		b.ReportMetric(standardError(ratios), load.name+"-ratio-error")
		b.ReportMetric(float64(off.cpu)/1e6/sent, load.name+"-off-cpu-ms/op")
		b.ReportMetric(float64(on.cpu)/1e6/sent, load.name+"-hanging-cpu-ms/op")
	}
}

// chat is eight rooms of a hospital, each with a writer and a reader of another language who waits.
type chat struct {
	engine  *interpreter
	node    *process
	writers []*testhospital.User
	rooms   []string
	sent    int
	took    time.Duration
	cpu     time.Duration // of the node
	clients time.Duration // CPU of the writers and readers
}

// newChat starts a hospital with settings of its own (see scripts/testnode), whose readers read a language.
func newChat(b *testing.B, engine *interpreter, reads language.Code, settings ...string) *chat {
	b.Helper()
	node := newProcess(b, "")
	node.env = append(append(node.env, "HS_LOG_LEVEL=warn"), settings...)
	node.start()
	h := testhospital.Elsewhere(b, node.url)
	c := &chat{engine: engine, node: node, writers: users(h, "writer", 8)}
	for i, reader := range users(h, "reader", len(c.writers)) {
		speaks(c.writers[i], "en")
		speaks(reader, reads)
		c.rooms = append(c.rooms, c.writers[i].CreateRoom(testhospital.Room{Preset: "public_chat"}))
		reader.Join(c.rooms[i])
		go newPoller(b, h.URL, reader.Token, 30*time.Second).run(func([]byte) {})
	}
	return c
}

// afterwards is when what a hospital does of what was said is done: messages are held for 800 ms.
const afterwards = 2 * time.Second

// send has n messages written, one at each pace, and counts the time until all are taken, which it returns, and what the node does
// until some time after it.
func (c *chat) send(n int, pace time.Duration) time.Duration {
	cpu := c.node.cpu()
	took := c.write(n, pace)
	time.Sleep(afterwards)
	c.cpu += c.node.cpu() - cpu
	return took
}

// write is send without what the node does.
func (c *chat) write(n int, pace time.Duration) time.Duration {
	start, first, clients := time.Now(), c.sent, cpuTime()
	c.sent += n
	inParallel(n, func(i int) {
		time.Sleep(time.Until(start.Add(time.Duration(i) * pace)))
		room := i % len(c.rooms)
		c.writers[room].Say(c.rooms[room], c.engine.asks("en", first+i))
	})
	took := time.Since(start)
	c.took += took
	c.clients += cpuTime() - clients
	return took
}

func mean(measured []float64) float64 {
	sum := 0.0
	for _, x := range measured {
		sum += x
	}
	return sum / float64(len(measured))
}

// standardError is that of the mean of what was measured several times.
func standardError(measured []float64) float64 {
	n, middle, squares := float64(len(measured)), mean(measured), 0.0
	for _, x := range measured {
		squares += (x - middle) * (x - middle)
	}
	return math.Sqrt(squares / (n - 1) / n)
}

// board notes which messages have come to whom, translated or with the reason why not.
type board struct {
	b       *testing.B
	mu      sync.Mutex
	left    int
	late    int
	refused int // without a translation: the engine's queue was full, or it did not answer in time
	done    chan struct{}
}

func newBoard(b *testing.B, expected int) *board {
	return &board{b: b, left: expected, done: make(chan struct{})}
}

// read returns what looks through the answers of one reader.
func (d *board) read(room string) func(answer []byte) {
	seen := map[string]bool{}
	return func(answer []byte) {
		for _, event := range timelineOf(answer, room) {
			content := event.Get("content")
			late := content.Get(`m\.new_content`)
			if late.Exists() {
				content = late
			}
			key := content.Get(`org\.medixchange\.translation`)
			original := key.Get("original.body").Str
			state := key.Get("state").Str
			if state == "" || state == "pending" || seen[original] {
				continue
			}
			seen[original] = true
			d.came(late.Exists(), state == "translated")
		}
	}
}

func (d *board) came(late, translated bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if late {
		d.late++
	}
	if !translated {
		d.refused++
	}
	if d.left--; d.left == 0 {
		close(d.done)
	}
}

func (d *board) wait() {
	select {
	case <-d.done:
	case <-time.After(time.Minute):
		d.mu.Lock()
		defer d.mu.Unlock()
		require.FailNow(d.b, "translations are missing", "%d, and %d were refused", d.left, d.refused)
	}
}
