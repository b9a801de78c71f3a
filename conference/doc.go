// Package conference holds what calls and conferences need of a node.
//
//   - conference/relay is the TURN relay for clients that cannot reach each other directly, and its credentials.
//   - conference/sfu runs the SFU and speaks with it; conference/rtc lets people into conferences and out again.
//
// May import: accounts, rooms, internal/*. Imported by cmd.
package conference
