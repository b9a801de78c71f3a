// Package relay is the node's own TURN relay (RFC 8656) for calls between clients that cannot reach each other directly, and
// the credentials by which clients use it or another relay: a user name that holds its end, and its HMAC with a secret that
// both sides know (TURN REST API, draft-uberti-behave-turn-rest-00), which coturn understands too.
//
// It relays to public addresses only, unless the configuration names others: a relay inside of a hospital must not become a
// way to its machines.
//
// May import: internal/netguard. Imported by cmd.
//
// Start reading at credentials.go, then relay.go.
package relay
