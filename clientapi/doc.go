// Package clientapi serves the Client-Server API over HTTP: each endpoint decodes, makes one call below, encodes.
//
// One file for each part of the specification (login.go, rooms.go, membership.go, messages.go, keys.go …), each with a
// method that registers its routes; api.go lists them all. Nothing is decided here that another road could need too: what
// may enter a room is decided in rooms, what a reader sees and how it looks in rooms/view, who may log in in accounts.
// /sync has a package of its own, clientapi/sync.
//
// May import: accounts, rooms, rooms/view, internal/*. Start reading at api.go, then auth.go and errors.go.
package clientapi
