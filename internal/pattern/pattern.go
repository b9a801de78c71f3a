// Package pattern compiles regular expressions when they are first asked for. One with \p{L} or a counted repetition is tens of
// kilobytes of program, and most of a node's are never asked for: compiled before main, they cost every start time and an
// idle node memory.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy returns the regular expression as a function, which compiles it with the first call. It may be called concurrently, and
// panics with every call where regexp.MustCompile would.
func Lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
