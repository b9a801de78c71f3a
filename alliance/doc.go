// Package alliance is the membership of hospitals in an exchange: a member list that coordinators sign together, held and
// enforced by every node, and what hangs on it.
//
//   - alliance/signed holds the documents themselves: charter and member list.
//   - [Gate] decides whether a server may take part, for every road in and out.
//   - [Keeper] keeps the newest documents: it takes them from peers and coordinators, stores them, publishes them.
//
// May import: accounts, rooms, internal/*. What is enforced where is wired in cmd: everybody who asks whether a server may
// be talked to asks [Gate.Allows].
//
// Start reading at gate.go, then keeper.go.
package alliance
