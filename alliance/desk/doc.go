// Package desk is where hospitals apply to the alliance and where its coordinators decide: applications with their papers,
// the proof that an applicant holds the domain, and the next member list while it waits for the coordinators' signatures.
//
// Nothing here can admit anybody by itself. A decision becomes a drafted member list; the coordinators sign it with keys that
// this node never sees, and once enough of them have, the list is handed to the [alliance.Keeper], which verifies it as it
// verifies everybody's.
//
// May import: alliance, alliance/signed, internal/*. Start reading at desk.go, then apply.go, prove.go, decide.go, sign.go.
package desk
