// Package sqldb opens the one database of a node, SQLite or PostgreSQL, and gives it a single writer with group
// commit, read-only readers, stream positions, identities and migrations. It knows no domain words and imports no
// other package of this module.
//
// # One text for both databases
//
// Statements are written once, PostgreSQL style ($1, $2, …). For SQLite $n is rewritten to ?n, so that arguments go
// by number and not by order of appearance. Lists go through [List] as `= ANY($1)` (or `<> ALL($1)`). Rules that keep
// one text working on both:
//
//   - Integers are BIGINT, texts TEXT, bytes BYTEA, truth values BOOLEAN. Pass []byte for BYTEA and string for TEXT,
//     never the other way round: SQLite keeps the type that it was given.
//   - Identities and positions come from [IDs] and [Tx.NextPosition], never from the database.
//   - `INSERT … ON CONFLICT (…) DO …`, `RETURNING`, `LIMIT`, common table expressions and row values work on both.
//   - Text sorts by bytes on SQLite; give PostgreSQL a database with the C collation (Open warns otherwise).
//
// # Writing
//
// [DB.Write] queues a function; one goroutine takes everything that waits, runs it in one transaction and commits
// once. Where to start reading: db.go (opening), writer.go (group commit), commit.go (what a commit writes and how an
// unknown outcome is found out), ids.go.
package sqldb
