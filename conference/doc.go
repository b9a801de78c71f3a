// Package conference holds what calls and conferences need of a node.
//
//   - conference/relay is the TURN relay for clients that cannot reach each other directly, and its credentials.
//   - conference/sfu runs the SFU and speaks with it; conference/rtc lets people into conferences and out again.
//   - conference/page is the page of a conference in the browser, conference/replay that of a recording; conference/audit keeps who
//     looked at which.
//   - conference/recording decides who is recorded, runs the recorder (conference/record, in medix-media), and keeps and deletes what was
//     recorded; conference/captions puts what is said into writing; conference/manifest is what they and the replay agree on.
//
// May import: accounts, rooms, internal/*. Imported by cmd.
package conference
