// Package signed holds the documents on which an alliance of hospitals stands: the charter, which says who its coordinators
// are and how many of them must agree, and the member list, which says which servers belong to it. Both are canonical JSON
// objects with ed25519 signatures (specification, appendix "Signing JSON"), signed with keys that no server holds.
//
// A charter is trusted because the administrator of a node pinned its first version; each later version is signed by enough
// coordinators of the one before it and by enough of its own, so that a stolen key is removed by those who are left. A
// member list names the charter it goes by and carries a serial number and an end: an older one is never taken again.
//
// Everything here is a pure function of bytes and a time: no network, no storage. All types are immutable once read and safe
// for concurrent use.
//
// May import: internal/signing, internal/strictjson. Imported by the rest of alliance and by cmd.
//
// Start reading at charter.go, then members.go.
package signed
