// Package engine has the machines that translate, all behind one small interface: the embedded phrase
// memory, Apertium as a long-lived process, and LibreTranslate over HTTP; and what keeps them in
// bounds: a chain for each language pair, circuit breakers, bounded queues and deadlines (guard.go).
//
// Text reaches an engine as pieces (protect.Segment), so that each engine writes markup and
// protected parts in the form that it keeps best. An engine never sees a pair that it does not offer.
//
// It imports translator/{language,protect,phrases,check}. Start at engine.go.
package engine
