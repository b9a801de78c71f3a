// Package translator lets each clinician read the others in their own language.
//
// The pipeline (pipeline.go) takes a message once for each language, however many members read it:
// it finds the language (language), takes out what must not change (protect), asks the first engine
// that offers the pair (engine, phrases), checks the answer for what could harm a patient (check),
// and writes what the reader sees (compose). Results are kept in a bounded cache, and requests for
// the same text and pair share one engine call.
//
// It may import accounts, rooms and what is below them; the sub-packages import none of these.
// Start at pipeline.go.
package translator
