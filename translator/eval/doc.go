// Package eval measures how well an engine translates, with our protection and without it, on sentences that people have
// translated: BLEU and chrF, protected parts that were lost, and numbers that came out wrong without a warning.
//
// The program is tests/eval (make eval). What counts as a wrong number is decided here by digits alone, and not by the
// rules of translator/check, which are what is measured.
//
// It imports translator and its sub-packages. Start at run.go; bleu.go and chrf.go are the scores.
package eval
