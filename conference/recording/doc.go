// Package recording records conferences: it decides who may have a call recorded and tells everybody, runs the recorder (medix-media
// record) and takes it up again after a crash, keeps what was recorded as long as it may be kept, and deletes it.
//
// A moderator starts and stops it, by the HTTP API or "!record start". The room's state says that it is recorded, the bot says so in
// every member's language, and the recorder is a visible participant. Rooms with end-to-end encryption are refused. Every change is a
// line of the log of conference/audit.
//
// May import: conference/manifest, conference/audit, accounts, rooms, internal/*. Imported by cmd.
//
// Start reading at recording.go, then start.go, supervise.go, child.go; sweep.go is retention.
package recording
