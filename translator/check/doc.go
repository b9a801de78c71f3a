// Package check compares a translation with its source for what could harm a patient: numbers,
// units, decimal points, blood pressures, drugs, frequencies, negations, sides, dates, and signs that
// the engine failed (wrong length, repetition, echo, wrong script).
//
// The rules are data, in data/*.yaml, each with a comment that says what it holds; data/verdicts.yaml
// is the table that turns a finding into warn or block; testdata/cases.yaml are examples that a test
// keeps. The code only reads. Start at report.go, then compare.go.
//
// It imports translator/language and nothing above it. Everything here is safe for concurrent use.
package check
