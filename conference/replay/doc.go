// Package replay shows recordings of conferences in a browser: /replay/ID for one that was made here, /replay/ID@SERVER for one
// that another hospital made, whose files come through this node from there, piece by piece and signed. Nothing of another
// hospital's recording is kept here but its manifest, for a minute.
//
// Who may replay: those who are joined to the room now and could read what was written there while it was recorded
// (door.go). Each look is a line of the audit log.
//
// The pages' scripts are in static/: clock.js keeps the tracks together, replay.js is the page. Words are in
// strings/LANGUAGE.yaml. Start reading at replay.go (what is asked for), then source.go (where it lies).
//
// May import: accounts, rooms, conference/manifest, conference/audit, internal/*. Imported by cmd.
package replay
