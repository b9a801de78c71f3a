package phrases

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"medixchange/translator/language"
)

// Approved reports whether the reviewers of a hospital have approved the wordings of a phrase in a language, as they
// were when they hashed to this (see Hash). It is called for every match and must be quick and safe for concurrent use.
type Approved func(id string, code language.Code, hash string) bool

// WithApprovals gives the same phrases with what the reviewers of a hospital say. A match counts as reviewed when both its
// languages are approved. Nil approves nothing.
func (m *Memory) WithApprovals(approved Approved) *Memory {
	with := *m
	with.approved = approved
	return &with
}

// Hash identifies the wordings of a phrase in a language together with the English ones that explain it: an approval is
// for these words and is lost when either changes. It is "" for what is not there.
func (m *Memory) Hash(id string, code language.Code) string {
	forms := m.Forms(id, code)
	if forms == nil {
		return ""
	}
	parts := append([]string{id, string(code)}, forms...)
	parts = append(append(parts, ""), m.Forms(id, "en")...)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// reviewed reports whether a match of an entry may be shown as reviewed.
func (m *Memory) reviewed(entry int, from, to language.Code) bool {
	e := m.entries[entry]
	if e.reviewed || m.approved == nil {
		return e.reviewed
	}
	for _, code := range []language.Code{m.column(from), m.column(to)} {
		if !m.approved(e.id, code, m.Hash(e.id, code)) {
			return false
		}
	}
	return true
}

// column is the language whose forms stand for another form of it: Serbian in Latin is written from the Cyrillic, and what
// is not said otherwise in Portugal is as in Brazil.
func (m *Memory) column(code language.Code) language.Code {
	if code == "sr-Latn" {
		return "sr"
	}
	return code
}
