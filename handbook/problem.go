package handbook

import (
	"fmt"
	"strings"

	"medixchange/internal/spelling"
)

// Problem is one thing that is wrong with the handbook's files.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // 0 where it is about the whole file
	Reason string `json:"reason"`         // in English
	// Kind names a common reason for those who say it in another language, with what it names; "" for others.
	Kind string          `json:"kind,omitempty"`
	Args [maxArgs]string `json:"-"`
}

const maxArgs = 4 // that a common reason names

// newProblem is a problem with its reason and, where it is a common one, the kind of it.
func newProblem(file string, line int, format string, args ...any) Problem {
	p := Problem{File: file, Line: line, Reason: fmt.Sprintf(format, args...), Kind: kinds[format]}
	for i := range min(len(args), maxArgs) {
		p.Args[i] = fmt.Sprint(args[i])
	}
	return p
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Reason
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

// Problems is the error of Load: what was found, in the order in which the files were read.
type Problems []Problem

// maxProblems bounds what one reading reports; whoever has more begins with the first.
const maxProblems = 200

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// log collects the problems of one reading.
type log struct{ problems Problems }

func (l *log) add(file string, line int, format string, args ...any) {
	if len(l.problems) < maxProblems {
		l.problems = append(l.problems, newProblem(file, line, format, args...))
	}
}

// didYouMean continues a sentence about a word that is none of the known ones.
func didYouMean(word string, known []string) string {
	best := spelling.Nearest(word, known)
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(known) > 30 {
		known = append(known[:30:30], "…")
	}
	return "known are " + strings.Join(known, ", ")
}
