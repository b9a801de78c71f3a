// Package appservice is the translation bot as an application service (Application Service API) beside another homeserver,
// so that a hospital with Synapse or another server can take part. Only our own node can show a message in other words;
// here the bot answers in threads (package replies), in the languages that members have chosen with !lang.
//
// In encrypted rooms it uses a device of its own (package encrypted), which it gets by logging in as an application service
// and which reads by /sync; the server needs nothing that is not in the specification for that.
//
// A transaction is answered with 200 when its work, its id and a digest of its events are on the disk, in one transaction of the
// database: what comes again is known and done once. An id alone tells nothing: homeservers use them again.
//
// May import: translator and its other sub-packages, internal/*. Imported by cmd.
//
// Start reading at service.go, then server.go (what the homeserver sends), house.go (who reads what).
package appservice
