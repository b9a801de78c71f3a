// Package updates brings editions of the handbook from hospital to hospital: a node publishes signed bundles and announces them
// in a room, others that trust the publisher fetch, verify and stage or show them.
//
// What is announced is a hint only: whoever trusts the publisher asks it, over federation, for its newest edition, fetches the
// file in parts (what was fetched stays when a connection breaks), and takes it where the publisher's key has signed it and
// nothing newer of this publisher was taken before. Start at updates.go, then publish.go and fetch.go.
package updates
