// Package bundle holds an edition of the handbook as one signed file, which hospitals give each other.
//
// A bundle is a gzipped tar archive. Its first entry, manifest.json, is canonical JSON that is signed as Matrix signs JSON
// (specification, appendix "Signing JSON"): it names the publisher, the serial number among the publisher's editions, the
// edition, and every file with its length and SHA-256. The files follow in the manifest's order and nothing else does. The
// reader asks who signed before it looks at any file, and refuses whatever is not exactly what the manifest says, with file,
// line and reason. The same edition, serial and key always give the same bytes.
//
// Start at manifest.go, then write.go and read.go. Everything here is a function of bytes: no network, no storage.
package bundle
