// Package check compares a translation with its source for what could harm a patient: numbers,
// units, decimal points, blood pressures, drugs, frequencies, negations, sides, dates, and signs that
// the engine failed (wrong length, repetition, echo, wrong script).
//
// The rules are data, in data/*.yaml, each with a comment that says what it holds: the words and habits of a language
// (words/LANGUAGE.yaml), units, drugs, routes, frequencies, opposites, signs, letters, marks and thresholds (limits.yaml).
// data/verdicts.yaml is the table that turns a finding into warn or block. A file with a fault is refused at start, with what is
// wrong in it. The code only puts them together. Each rule has its cases in testdata/cases, a file for each kind of finding; a test
// fails for a rule, or a language, that has none. Start at report.go, then compare.go.
//
// It imports translator/language and nothing above it. Everything here is safe for concurrent use.
package check
