// Package rtc lets people into conferences (MatrixRTC: MSC4143, MSC4195), and out again.
//
// It tells clients where the SFU is, gives tokens to those who are joined to the room, here and over federation, and removes
// from the SFU whoever is not any more: it follows the stream of facts like every other reader. What moderators may do beyond
// the room's own events goes by power levels. Where to start reading: rtc.go, then issue.go for who gets a token, evict.go for who
// loses it, policy.go for what a room's policy does.
//
// May import: conference/sfu, accounts, rooms, internal/*. Imported by cmd.
package rtc
