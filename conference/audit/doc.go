// Package audit keeps who looked at which recording, and who changed what is said of it: lines that are only ever added, each
// with a hash over itself and the line before it, so that a line that is changed or taken out shows. It holds no text of
// conversations.
//
// May import: internal/sqldb, internal/signing, internal/web. Imported by its neighbours and cmd. Start reading at log.go.
package audit
