// Package conform examines whether another server is fit to federate with: a list of small checks, each of which says what
// it found, by which section of the specification, and what to do about it.
//
// Nothing that it asks leaves anything behind on the other server: no room, no user, no event. It asks about what cannot
// exist, and sends what must be refused. Start reading at conform.go for how a list is gone through, then list.go.
//
// May import: federation, internal/*. Imported by cmd.
package conform
