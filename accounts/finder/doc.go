// Package finder finds messages by their words (Client-Server API, Server Side Search): it keeps the index of the chat and
// answers who looks for something.
//
// It follows the stream with a durable cursor, behind the messages and in small writes, so that nobody waits for it; a search
// waits a moment until what was there when it was asked is indexed. What an event says is decided anew whenever something
// changes it (refresh.go): an edit, a redaction, a translation; so events may come twice, after a crash or for a rebuild. Old
// messages of a database that had no index are what lies behind a cursor at the beginning. Events that were fetched from other
// servers have no place in the stream and are looked for now and then (history.go).
//
// Messages stand in an index "chat", in their newest version, and their translations in one for each language
// ("chat.es"), which only those are searched in who read that language in the room. So a member finds a message by the words
// that were written and by those that they were shown. Who may see an event is decided by rooms/view for each event that is
// found, never by the index; how many were found counts only those (search.go).
//
// Encrypted rooms are not indexed.
//
// May import: accounts, rooms, rooms/view, internal/*. Start reading at finder.go, then read.go, refresh.go, search.go.
package finder
