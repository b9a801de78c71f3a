// Package manifest is what the recorder, the node and the replay page agree on: the job of a recorder, the events that it
// writes while it records, and the manifest of a recording, which is made of them at its end or after a crash.
//
// May import: nothing. Imported by conference/record, conference/recording, conference/replay, conference/captions, cmd.
//
// Start reading at manifest.go, then events.go, then build.go.
package manifest
