// Package strictjson decides whether bytes from outside are JSON that this program accepts, and writes JSON in the
// one canonical form that hashes and signatures are made of.
//
// It is stricter than encoding/json: duplicate keys, invalid UTF-8, lone surrogates and deep nesting are errors, so
// that no two readers of the same bytes can understand them differently.
//
// It imports nothing of this module and lies below every floor; internal/web checks request bodies with it,
// internal/signing and rooms check and canonicalise what is signed. Start reading at Check.
package strictjson
