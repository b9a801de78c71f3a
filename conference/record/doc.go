// Package record records a call: it joins the room of an SFU as a visible participant and writes each track as it comes, without
// transcoding, as Ogg/Opus or WebM/VP8, with real time stamps, beside the events of which the manifest is made.
//
// It runs in a process of its own (medix-media record), since the WebRTC libraries cost more memory than a whole node. It is told
// what to do on its standard input, says what happens on its standard output, and what is on the disk is whole at any moment:
// written twice a second, synced each second, repaired by whoever comes next.
//
// May import: conference/manifest. Imported by cmd/medix-media.
//
// Start reading at recorder.go, then session.go, track.go, clock.go.
package record
