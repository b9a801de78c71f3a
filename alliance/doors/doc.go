// Package doors closes shared rooms for members that are suspended, by the rooms' access lists (m.room.server_acl), and opens
// them again when they are readmitted.
//
// The gate of the alliance keeps a suspended server from talking to this one already. The access list says the same to servers
// outside of the alliance, so that nothing of a suspended hospital comes in through them, and it is there for everybody to see.
// It is changed where a local member has the power to; the event says under org.medixchange.alliance what it closed, so that
// nothing else is undone later.
//
// May import: alliance/signed, rooms, internal/*. Start reading at doors.go, then acl.go.
package doors
