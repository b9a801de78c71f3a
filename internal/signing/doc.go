// Package signing holds what proves where JSON comes from: canonical JSON, this server's ed25519 keys, and
// signatures over JSON objects (specification, appendices "Canonical JSON" and "Signing JSON").
//
// It imports internal/strictjson and gomatrixserverlib's key types. Events are hashed and signed in rooms; requests between servers in federation.
// Start reading at Signer.
package signing
