package check

import "slices"

// Verdict says how far a translation may be trusted. Pass is no proof.
type Verdict string

// The verdicts, from good to bad.
const (
	Pass  Verdict = "pass"  // nothing doubtful was found
	Warn  Verdict = "warn"  // shown with a line that names the doubtful item, and with the original
	Block Verdict = "block" // not shown: the reader gets the original and its invariants
)

// Worse returns the worse of two verdicts; the empty Verdict counts as Pass.
func Worse(a, b Verdict) Verdict {
	if a == Block || b == Block {
		return Block
	}
	if a == Warn || b == Warn {
		return Warn
	}
	return Pass
}

// Reason is one finding, or one cause why there is no translation.
type Reason struct {
	Code        string // machine-readable, e.g. "number", "negation", "no_engine"
	Original    string // the doubtful item as the source has it; may be empty
	Translation string // the same item as the translation has it; may be empty
	// Expected is what a translation should have in its place, where that is known.
	Expected string `json:",omitempty"`
}

// Kind tells what an invariant is about.
type Kind string

// Kinds of invariants: what must stay what it is in every language.
const (
	KindNumber    Kind = "number"
	KindDose      Kind = "dose" // a number with its unit
	KindPressure  Kind = "pressure"
	KindDrug      Kind = "drug"
	KindFrequency Kind = "frequency"
	KindRoute     Kind = "route"
	KindNegation  Kind = "negation"
	KindSide      Kind = "side"
	KindDate      Kind = "date"
	KindTerm      Kind = "term" // of the hospital's glossary
)

// Invariant is a piece of the source that is shown verbatim beside its translation.
type Invariant struct {
	Kind Kind
	Text string // as written in the source
}

// Report is the outcome of comparing one translation with its source.
type Report struct {
	Verdict Verdict
	Reasons []Reason // findings, in the order of data/verdicts.yaml
}

// Codes lists the codes of the reasons without repetition, in their order. A dose and a shifted decimal
// are numbers too, so "number" follows them.
func (r Report) Codes() []string {
	codes := []string{}
	add := func(code string) {
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	for _, reason := range r.Reasons {
		add(reason.Code)
		if reason.Code == "dose" || reason.Code == "decimal" {
			add("number")
		}
	}
	return codes
}
