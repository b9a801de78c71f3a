// Package pushrules holds the push rules of one user: the server's defaults, what the user changed, and their evaluation
// against an event (Client-Server API, Push Notifications). It does no I/O and knows no rooms; the caller gives a [Room]
// for what depends on one.
//
// It imports gjson and nothing of this module. Start reading at Ruleset (rules.go), then Compile and Evaluate
// (evaluate.go); defaults.go lists the server-default rules.
package pushrules
