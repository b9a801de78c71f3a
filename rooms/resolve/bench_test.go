package resolve

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const benchMembers = 10_000

// bigRoom is a room with many members, some of whom changed their names, and forks that each bring a join, a new name (twice, so
// that one event is in no state), a topic, and by turns a ban, a kick or new power levels.
func bigRoom(b testing.TB, version string, forks int) (*world, []*fork) {
	w := newWorld(version)
	base := w.found(b, w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50}), "public")
	w.must(b, base, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
	for i := range benchMembers {
		user := fmt.Sprintf("@user%d:s%d", i, i%20)
		w.must(b, base, typeMember, &user, user, member("join"))
		if i%10 == 0 {
			w.must(b, base, typeMember, &user, user, content{"membership": "join", "displayname": "x"})
		}
	}
	var out []*fork
	for i := range forks {
		f := base.clone()
		user, joiner := fmt.Sprintf("@user%d:s%d", i, i%20), fmt.Sprintf("@new%d:a", i)
		w.must(b, &f, typeMember, &joiner, joiner, member("join"))
		for name := range 2 {
			w.must(b, &f, typeMember, &user, user, content{"membership": "join", "displayname": fmt.Sprint(name)})
		}
		w.must(b, &f, "m.room.topic", ptr(""), "@bob:b", content{"topic": fmt.Sprint(i)})
		victim := fmt.Sprintf("@user%d:s%d", 100+i, (100+i)%20)
		switch i % 3 {
		case 0:
			w.must(b, &f, typeMember, &victim, "@alice:a", member("ban"))
		case 1:
			w.must(b, &f, typeMember, &victim, "@bob:b", member("leave"))
		default:
			w.must(b, &f, typePowerLevels, ptr(""), "@alice:a", w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50 + i}))
		}
		out = append(out, &f)
	}
	return w, out
}

func BenchmarkResolve(b *testing.B) {
	ctx := context.Background()
	for _, forks := range []int{2, 10} {
		for _, version := range []string{"11", "12"} {
			w, fs := bigRoom(b, version, forks)
			var states []State
			for _, f := range fs {
				states = append(states, w.stateOf(f))
			}
			name := fmt.Sprintf("members=%d/forks=%d/version=%s", benchMembers, forks, version)
			b.Run(name+"/cold", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := w.resolver(b).Resolve(ctx, states)
					require.NoError(b, err)
				}
			})
			b.Run(name+"/warm", func(b *testing.B) {
				b.ReportAllocs()
				r := w.resolver(b)
				_, err := r.Resolve(ctx, states)
				require.NoError(b, err)
				w.askedEdges, w.askedEvents = 0, 0
				for b.Loop() {
					_, err := r.Resolve(ctx, states)
					require.NoError(b, err)
				}
				b.ReportMetric(float64(w.askedEdges+w.askedEvents)/float64(b.N), "loads/op")
			})
			if version == "11" { // the library panics on room version 12
				b.Run(name+"/library", func(b *testing.B) {
					b.ReportAllocs()
					sets, chain := libraryInput(w, fs)
					for b.Loop() {
						libraryResolve(b, w, sets, chain)
					}
				})
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	w, _ := bigRoom(b, "11", 0)
	f := &fork{state: StateEvents{}}
	for _, e := range w.events {
		if e.StateKey != nil {
			f.state[StateKey{e.Type, *e.StateKey}] = e
		}
	}
	events := map[string]*Event{
		"message": w.make(*f, "m.room.message", nil, "@user7:s7", content{"body": "hello"}),
		"join":    w.make(*f, typeMember, ptr("@late:a"), "@late:a", member("join")),
	}
	for _, name := range []string{"message", "join"} {
		e := events[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.parsed.Store(nil)
				if err := Check("11", e, f.state); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/library", func(b *testing.B) {
			b.ReportAllocs()
			auth := StateEvents{}
			for _, nid := range e.Auth {
				a := w.events[nid]
				auth[StateKey{a.Type, *a.StateKey}] = a
			}
			check := w.libraryChecker(e, auth)
			for b.Loop() {
				if err := check(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
