// Package uia keeps the sessions of the User-Interactive Authentication API (Client-Server API): which flows a request
// offered, which stages are done, and to which request a session belongs.
//
// Sessions live in memory, bounded in number and for 15 minutes; after a restart a client begins anew. It does no I/O
// itself: what a stage checks is a [Stage] given by accounts. It imports nothing of this module.
//
// Start reading at Sessions.Require.
package uia
