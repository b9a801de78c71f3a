// Package resolve decides which events a room allows (event authorisation) and which state holds where forks of a room's
// history meet (state resolution), for room versions 1 to 12. It knows no storage: the caller gives it events, and for state
// resolution a [Loader].
//
// # Authorisation
//
// [NeededAuth] selects the auth events of a new event, [CheckAuthEvents] judges the list of a received one, [Check] applies
// the room version's rules against a state (the event's auth events, the state before it, the current one: three calls). The
// rules are our own, after the specification's pages of the room versions, with the versions' differences as flags
// (version.go); a message costs half a microsecond, because contents are parsed once for each [Event]. What comes before is the
// caller's: sizes, hashes, canonical JSON, and signatures, also that of the server of [Event.AuthorisedVia].
// Check is compared with gomatrixserverlib's Allowed on random events and states; where the two differ, the specification
// decides, and the test names each reason (explain in differential_test.go): among others the library does not look at
// users_default, takes absent levels for their defaults, lets members rejoin under unknown join rules, unbans without the
// kick level, and has no single public_key of third party invitations.
//
// # State resolution
//
// A [Resolver] belongs to one room. Resolve compares the states (sorted pairs of interned key and event number) in one pass,
// and from there on looks only at what differs:
//
//  1. The full conflicted set (conflict.go): the conflicted events, the auth difference, and in room version 12 the conflicted
//     state subgraph (MSC4297). The auth graph is walked from the conflicted events by falling level (1 + the highest level
//     of the auth events) with the set of states that reach each event, and the walk ends where all states meet. The graph
//     stays in memory, bounded, and never changes, so the differences of a room cost their loading once.
//  2. Its power events, with their ancestors in the set, in reverse topological power ordering (order.go), are applied as
//     far as the rules allow them: in v2 to the unconflicted state, in v2.1 to nothing. Where the state has nothing, what
//     the event itself names counts, unless it was rejected.
//  3. The rest in mainline ordering, likewise.
//  4. Unconflicted entries stay whatever happened.
//
// Room version 1 uses the library's resolver (resolve_v1.go). For v2 the library is an oracle only in a roundabout way,
// because its resolver departs from the specification (topological order, mainline, missing auth events, and a cached join
// rule that restricted joins overwrite), and in room version 12 it panics: library_test.go has those departures written down,
// and with them agrees with the library in every random room (without restricted joins); reference_test.go is the
// specification written down naively, which the resolver has to agree with in every random room.
//
// Where the specification leaves room we do as other servers do: a state counts as reaching its own events in the auth
// difference, and ancestors of power events are followed within the set only. Rejected events of the set are tried again, as
// the specification has it.
//
// May import: gomatrixserverlib, internal/*. Imported by: rooms.
//
// Start reading at check.go and resolve.go.
package resolve
