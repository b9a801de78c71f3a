// Package password hashes and checks passwords with argon2id (RFC 9106), a bounded number at a time.
//
// It imports nothing of this module. Start reading at Hasher.
package password
