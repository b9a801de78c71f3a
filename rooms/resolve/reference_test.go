package resolve

import (
	"cmp"
	"slices"
)

// reference is state resolution v2 and v2.1 written down from the specification, with whole sets and no cleverness: what the
// resolver is compared with.
type reference struct {
	w      *world
	states []StateEvents
	v21    bool
}

type eventSet map[*Event]bool

func (r *reference) authEvents(e *Event) (out []*Event) {
	for _, nid := range e.Auth {
		out = append(out, r.w.events[nid])
	}
	return out
}

// chain adds e and its auth chain.
func (r *reference) chain(set eventSet, e *Event) {
	if set[e] {
		return
	}
	set[e] = true
	for _, a := range r.authEvents(e) {
		r.chain(set, a)
	}
}

func (r *reference) resolve() StateEvents {
	unconflicted, conflicted := r.separate()
	if len(conflicted) == 0 {
		return unconflicted
	}
	full := r.full(conflicted)
	state := StateEvents{}
	if !r.v21 {
		for k, e := range unconflicted {
			state[k] = e
		}
	}
	power := eventSet{}
	for e := range full {
		if isPower(e) {
			r.within(power, e, full)
		}
	}
	r.apply(state, r.topological(power))
	var rest []*Event
	for e := range full {
		if !power[e] {
			rest = append(rest, e)
		}
	}
	line := r.line(state[StateKey{typePowerLevels, ""}])
	slices.SortFunc(rest, func(a, b *Event) int {
		return cmp.Or(cmp.Compare(r.position(b, line), r.position(a, line)),
			cmp.Compare(a.OriginServerTS, b.OriginServerTS), cmp.Compare(a.ID, b.ID))
	})
	r.apply(state, rest)
	for k, e := range unconflicted {
		state[k] = e
	}
	return state
}

// full is the full conflicted set. A state reaches its own events, as in other servers.
func (r *reference) full(conflicted eventSet) eventSet {
	full := eventSet{}
	for e := range conflicted {
		full[e] = true
	}
	union, chains := eventSet{}, []eventSet{}
	for _, s := range r.states {
		set := eventSet{}
		for _, e := range s {
			r.chain(set, e)
			r.chain(union, e)
		}
		chains = append(chains, set)
	}
	for e := range union {
		if slices.ContainsFunc(chains, func(c eventSet) bool { return !c[e] }) {
			full[e] = true
		}
	}
	if r.v21 {
		for e := range conflicted {
			r.paths(nil, e, conflicted, full)
		}
	}
	return full
}

func (r *reference) separate() (StateEvents, eventSet) {
	unconflicted, conflicted := StateEvents{}, eventSet{}
	for _, s := range r.states {
		for k, e := range s {
			if slices.ContainsFunc(r.states, func(o StateEvents) bool { return o[k] != e }) {
				conflicted[e] = true
			} else {
				unconflicted[k] = e
			}
		}
	}
	return unconflicted, conflicted
}

// paths adds every path of auth edges from a conflicted event to another.
func (r *reference) paths(path []*Event, e *Event, conflicted, full eventSet) {
	path = append(path, e)
	if conflicted[e] {
		for _, p := range path {
			full[p] = true
		}
	}
	for _, a := range r.authEvents(e) {
		r.paths(path, a, conflicted, full)
	}
}

func (r *reference) within(set eventSet, e *Event, full eventSet) {
	if set[e] || !full[e] {
		return
	}
	set[e] = true
	for _, a := range r.authEvents(e) {
		r.within(set, a, full)
	}
}

func (r *reference) level(e *Event) int64 {
	var power *powerContent
	for _, a := range r.authEvents(e) {
		if a.Type == typePowerLevels {
			power = a.content().power
		}
	}
	return byVersion[r.w.version].userLevel(e.Sender, r.w.create, power)
}

func (r *reference) topological(set eventSet) (out []*Event) {
	done := eventSet{}
	for len(out) < len(set) {
		var best *Event
		for e := range set {
			if done[e] || slices.ContainsFunc(r.authEvents(e), func(a *Event) bool { return set[a] && !done[a] }) {
				continue
			}
			if best == nil || cmp.Or(cmp.Compare(r.level(best), r.level(e)),
				cmp.Compare(e.OriginServerTS, best.OriginServerTS), cmp.Compare(e.ID, best.ID)) < 0 {
				best = e
			}
		}
		done[best] = true
		out = append(out, best)
	}
	return out
}

func (r *reference) powerOf(e *Event) *Event {
	for _, a := range r.authEvents(e) {
		if a.At(typePowerLevels, "") {
			return a
		}
	}
	return nil
}

func (r *reference) line(e *Event) (line []*Event) {
	for ; e != nil; e = r.powerOf(e) {
		line = append(line, e)
	}
	return line
}

func (r *reference) position(e *Event, line []*Event) int {
	for p := r.powerOf(e); p != nil; p = r.powerOf(p) {
		if i := slices.Index(line, p); i >= 0 {
			return i
		}
	}
	return 1 << 30
}

func (r *reference) apply(state StateEvents, events []*Event) {
	for _, e := range events {
		auth := StateEvents{}
		for _, a := range r.authEvents(e) {
			if !a.Rejected {
				auth[StateKey{a.Type, *a.StateKey}] = a
			}
		}
		needed, _ := NeededAuth(r.w.version, e.Type, e.StateKey, e.Sender, e.Content)
		for _, k := range needed {
			if s := state[k]; s != nil && !s.Rejected {
				auth[k] = s
			}
		}
		if byVersion[r.w.version].roomIsCreate {
			auth[StateKey{typeCreate, ""}] = r.w.create
		}
		if Check(r.w.version, e, auth) == nil {
			state[StateKey{e.Type, *e.StateKey}] = e
		}
	}
}
