package resolve

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// isPower reports whether e is a power event: one that may take away what somebody can do.
func isPower(e *Event) bool {
	switch {
	case e.At(typePowerLevels, ""), e.At(typeJoinRules, ""):
		return true
	case e.Type != typeMember || e.StateKey == nil || *e.StateKey == e.Sender:
		return false
	}
	m := e.content().member.membership
	return m == "leave" || m == "ban"
}

// ranked is an event in the reverse topological power ordering.
type ranked struct {
	event   *Event
	level   int64
	waits   int // for how many of its auth events in the set
	waiters []*ranked
}

func (a *ranked) compare(b *ranked) int {
	return cmp.Or(cmp.Compare(b.level, a.level), byTime(a.event, b.event))
}

func byTime(a, b *Event) int {
	return cmp.Or(cmp.Compare(a.OriginServerTS, b.OriginServerTS), cmp.Compare(a.ID, b.ID))
}

// powerOrder sorts events so that each comes after those of its auth events that are among them, and otherwise by the power
// level of the sender (highest first), time and id: at each step the smallest event that waits for nothing.
func (run *resolution) powerOrder(events []*Event) []*Event {
	all := make(map[int64]*ranked, len(events))
	for _, e := range events {
		all[e.NID] = &ranked{event: e, level: run.senderLevel(e)}
	}
	for _, x := range all {
		for _, nid := range x.event.Auth {
			if a := all[nid]; a != nil {
				x.waits++
				a.waiters = append(a.waiters, x)
			}
		}
	}
	ready := &rankedQueue{}
	for _, x := range all {
		if x.waits == 0 {
			heap.Push(ready, x)
		}
	}
	out := make([]*Event, 0, len(all))
	for ready.Len() > 0 {
		x := heap.Pop(ready).(*ranked)
		out = append(out, x.event)
		for _, w := range x.waiters {
			if w.waits--; w.waits == 0 {
				heap.Push(ready, w)
			}
		}
	}
	return out
}

// senderLevel is the power level of e's sender by e's own auth events.
func (run *resolution) senderLevel(e *Event) int64 {
	create := run.create
	var power *powerContent
	for _, nid := range e.Auth {
		switch a := run.events[nid]; {
		case a == nil:
		case a.At(typePowerLevels, "") && power == nil && a.content().power != nil:
			power = a.content().power
		case a.At(typeCreate, "") && create == nil:
			create = a
		}
	}
	return run.r.rules.userLevel(e.Sender, create, power)
}

// mainline gives events their positions on the chain of power levels that begins at the resolved ones.
type mainline struct {
	powerKey int64
	position map[*node]int // 0 is the resolved power levels event, its power levels event is 1, and so on
}

// offMainline is the position of events whose power levels never were on the mainline: before all others.
const offMainline = math.MaxInt

func newMainline(powerKey int64, resolved *node) *mainline {
	m := &mainline{powerKey: powerKey, position: map[*node]int{}}
	for n := resolved; n != nil; n = m.power(n) {
		if _, again := m.position[n]; again {
			break
		}
		m.position[n] = len(m.position)
	}
	return m
}

// power returns the power levels event among n's auth events.
func (m *mainline) power(n *node) *node {
	for _, a := range n.auth {
		if a.key == m.powerKey && m.powerKey != 0 {
			return a
		}
	}
	return nil
}

// of returns n's position: that of the first event of its chain of power levels that is on the mainline.
func (m *mainline) of(n *node) int {
	var passed []*node
	position := offMainline
	for p := m.power(n); p != nil; p = m.power(p) {
		if at, ok := m.position[p]; ok {
			position = at
			break
		}
		m.position[p] = offMainline
		passed = append(passed, p)
	}
	for _, p := range passed {
		m.position[p] = position
	}
	return position
}

// mainlineOrder sorts events by mainline position (the oldest power levels first), time and id.
func (run *resolution) mainlineOrder(events []*Event, m *mainline) {
	position := make(map[*Event]int, len(events))
	for _, e := range events {
		position[e] = m.of(run.r.graph.nodes[e.NID])
	}
	slices.SortFunc(events, func(a, b *Event) int {
		return cmp.Or(cmp.Compare(position[b], position[a]), byTime(a, b))
	})
}

// rankedQueue is a heap, the smallest first.
type rankedQueue []*ranked

func (q rankedQueue) Len() int           { return len(q) }
func (q rankedQueue) Less(i, j int) bool { return q[i].compare(q[j]) < 0 }
func (q rankedQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *rankedQueue) Push(v any) { *q = append(*q, v.(*ranked)) }

// Pop implements heap.Interface.
func (q *rankedQueue) Pop() any {
	old := *q
	v := old[len(old)-1]
	*q = old[:len(old)-1]
	return v
}
