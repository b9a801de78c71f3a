// Package page is the page on which those without a Matrix client at hand take part in a conference: /conference/ROOM. It is a
// client like others: it reads the room by /sync, in its user's language, publishes the call membership that Element Call
// publishes (a state event, with a delayed leave), and joins the SFU of each hospital by livekit-client, which the build fetches
// and embeds (livekit/README.md).
//
// Scripts are in static/: conference.js is the page, call.js the call membership, media.js the SFUs, room.js the room. Words are in
// strings/LANGUAGE.yaml. elementcall.go serves Element Call's own package from a folder that the operator names. Start reading
// at page.go.
//
// May import: accounts, rooms, internal/*. Imported by cmd.
package page
