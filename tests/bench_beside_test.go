package tests

import (
	"cmp"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// beside is one of the hospitals that BenchmarkBeside compares.
type beside struct {
	name string
	chat *chat
	cpu  []float64 // µs a message, in each turn
}

// BenchmarkBeside compares hospitals, or builds of the program, that run beside each other and take turns of half a second: what
// disturbs the machine disturbs all of them. Two of one kind differ by some hundredths in CPU then, the less the longer it runs, where turns of some seconds (see
// BenchmarkTranslationChat) differ by a tenth. BESIDE names them, "off,on" without it: a comma between two, and of each what it does
// (off: it does not translate; on: its engine hangs; own: so it does, but readers read what is written) and after a colon the
// program, if it is another than this one: "off,on,on:/tmp/medix-before".
func BenchmarkBeside(b *testing.B) {
	const step, steps = 800, 6
	if b.N == 1 {
		return // the first call is to find out how long one takes
	}
	engine := newInterpreter(b)
	engine.hanging = true
	var all []*beside
	for _, name := range strings.Split(cmp.Or(os.Getenv("BESIDE"), "off,on"), ",") {
		all = append(all, newBeside(b, engine, name))
	}
	turn := func() {
		before := make([]time.Duration, len(all))
		for i, one := range all {
			before[i] = one.chat.node.cpu()
		}
		for j := range steps {
			for i := range all {
				all[(i+j)%len(all)].chat.write(step, 0)
			}
		}
		time.Sleep(afterwards)
		for i, one := range all {
			one.cpu = append(one.cpu, float64((one.chat.node.cpu()-before[i]).Microseconds())/(step*steps))
		}
	}
	turn()
	for _, one := range all {
		one.cpu, one.chat.took, one.chat.clients = nil, 0, 0
	}
	b.ResetTimer()
	for range max(2, b.N/(step*steps)) {
		turn()
	}
	first := all[0]
	for _, one := range all {
		over := make([]float64, len(one.cpu))
		for i := range over {
			over[i] = one.cpu[i] - first.cpu[i]
		}
		clients := float64(one.chat.clients.Microseconds()) / float64(len(one.cpu)*step*steps)
		b.Logf("%-30s %4.0f µs of CPU a message, %+4.0f ± %.0f, its clients %3.0f; messages a second: %.3f of the first", one.name, mean(one.cpu),
			mean(over), standardError(over), clients, first.chat.took.Seconds()/one.chat.took.Seconds())
	}
}

func newBeside(b *testing.B, engine *interpreter, name string) *beside {
	b.Helper()
	kind, program, _ := strings.Cut(name, ":")
	reads, settings := language.Code("es"), []string{"HS_TRANSLATE_URL=" + engine.URL}
	switch kind {
	case "off":
		settings = nil
	case "own":
		reads = "en"
	default:
		require.Equal(b, "on", kind, "BESIDE: %s is none of off, on and own", name)
	}
	if program != "" {
		settings = append(settings, "MEDIX_BIN="+program)
	}
	return &beside{name: name, chat: newChat(b, engine, reads, settings...)}
}
