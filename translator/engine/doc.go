// Package engine has the machines that translate, all behind one small interface: the embedded phrase
// memory, Apertium as a long-lived process, and over HTTP LibreTranslate, DeepL, Azure, Google and chat servers; and what
// keeps them in bounds: circuit breakers, bounded queues, deadlines, and what a service said of its limits (guard.go).
//
// Text reaches an engine as pieces (protect.Segment), so that each engine writes markup and
// protected parts in the form that it keeps best (markup.go). An engine never sees a pair that it does not offer. Errors hold
// no text and no key.
//
// What the HTTP engines share: calls (remote.go), what statuses mean (faults.go), batches (batch.go), codes of languages
// (codes.go), what a service says of itself (kept.go), terms of a glossary (terms.go).
//
// It imports translator/{language,protect,phrases,check} and internal/config. Start at engine.go.
package engine
