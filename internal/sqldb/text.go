package sqldb

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
)

// Dialect is the kind of database behind a [DB].
type Dialect int

// The two databases.
const (
	SQLite Dialect = iota
	Postgres
)

// String names the dialect in logs and test names.
func (d Dialect) String() string {
	if d == Postgres {
		return "postgres"
	}
	return "sqlite"
}

// maxTexts bounds the cache of rewritten statements. Statement texts are constants of the program; should a caller
// build them at run time, the surplus is rewritten each time instead of being kept.
const maxTexts = 4096

// texts caches statements rewritten for one dialect.
type texts struct {
	dialect Dialect
	mu      sync.RWMutex
	known   map[string]string
}

// prepare returns the statement as the dialect wants it, and its arguments with every [List] unfolded. args is not
// changed.
func (t *texts) prepare(query string, args []any) (string, []any) {
	return t.text(query), t.arguments(args)
}

func (t *texts) text(query string) string {
	if t.dialect == Postgres {
		return query
	}
	t.mu.RLock()
	text, ok := t.known[query]
	t.mu.RUnlock()
	if ok {
		return text
	}
	text = rewrite(query)
	t.mu.Lock()
	if len(t.known) < maxTexts {
		t.known[query] = text
	}
	t.mu.Unlock()
	return text
}

func (t *texts) arguments(args []any) []any {
	for i, arg := range args {
		if _, ok := arg.(list); !ok {
			continue
		}
		unfolded := make([]any, len(args))
		copy(unfolded, args[:i])
		for j := i; j < len(args); j++ {
			unfolded[j] = args[j]
			if l, ok := args[j].(list); ok {
				unfolded[j] = l.argument(t.dialect)
			}
		}
		return unfolded
	}
	return args
}

// rewrite turns PostgreSQL's $n into SQLite's ?n, `= ANY($n)` into `IN (SELECT value FROM json_each(?n))` and
// `<> ALL($n)` into its NOT IN. Quoted strings, quoted names and comments are left alone.
func rewrite(query string) string {
	var out strings.Builder
	out.Grow(len(query) + 32)
	for i := 0; i < len(query); {
		if end := skipQuoted(query, i); end > i {
			out.WriteString(query[i:end])
			i = end
			continue
		}
		if text, end := listOperator(query, i); end > i {
			out.WriteString(text)
			i = end
			continue
		}
		if end := placeholder(query, i); end > i {
			out.WriteByte('?')
			out.WriteString(query[i+1 : end])
			i = end
			continue
		}
		out.WriteByte(query[i])
		i++
	}
	return out.String()
}

// skipQuoted returns the end of the string, quoted name or comment that starts at i, or i.
func skipQuoted(query string, i int) int {
	rest := query[i:]
	switch {
	case rest[0] == '\'' || rest[0] == '"':
		// A doubled quote ends one literal and starts the next, which comes to the same.
		return i + 1 + after(rest[1:], rest[:1])
	case strings.HasPrefix(rest, "--"):
		return i + after(rest, "\n")
	case strings.HasPrefix(rest, "/*"):
		return i + after(rest, "*/")
	}
	return i
}

// after returns the index behind the first occurrence of end in s, or the length of s.
func after(s, end string) int {
	if n := strings.Index(s, end); n >= 0 {
		return n + len(end)
	}
	return len(s)
}

// placeholder returns the end of the $n that starts at i, or i.
func placeholder(query string, i int) int {
	if query[i] != '$' || (i > 0 && isWord(query[i-1])) {
		return i
	}
	end := i + 1
	for end < len(query) && query[end] >= '0' && query[end] <= '9' {
		end++
	}
	if end == i+1 {
		return i
	}
	return end
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// listOperator recognises `= ANY($n)` and `<> ALL($n)` at i and returns SQLite's text for it and its end.
func listOperator(query string, i int) (string, int) {
	for _, op := range []struct{ sign, word, text string }{{"=", "ANY", "IN"}, {"<>", "ALL", "NOT IN"}} {
		if !strings.HasPrefix(query[i:], op.sign) {
			continue
		}
		at := skipSpace(query, i+len(op.sign))
		if len(query)-at < len(op.word) || !strings.EqualFold(query[at:at+len(op.word)], op.word) {
			continue
		}
		at = skipSpace(query, at+len(op.word))
		if at >= len(query) || query[at] != '(' {
			continue
		}
		start := skipSpace(query, at+1)
		if start >= len(query) {
			continue
		}
		end := placeholder(query, start)
		closing := skipSpace(query, end)
		if end == start || closing >= len(query) || query[closing] != ')' {
			continue
		}
		return op.text + " (SELECT value FROM json_each(?" + query[start+1:end] + "))", closing + 1
	}
	return "", i
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

// list is an argument that stands for many values.
type list interface {
	argument(d Dialect) any
}

type integers []int64

type strs []string

// List makes one argument of many values, for statements with `= ANY($n)` or `<> ALL($n)`; the parentheses hold
// nothing but the placeholder. An empty list matches nothing (ANY) or everything (ALL). values is not copied and must
// not change until the statement has run.
func List[T int64 | string](values []T) any {
	if v, ok := any(values).([]int64); ok {
		return integers(v)
	}
	return strs(any(values).([]string))
}

func (l integers) argument(d Dialect) any {
	if d == Postgres {
		if l == nil {
			return []int64{}
		}
		return []int64(l)
	}
	text := make([]byte, 0, 2+12*len(l))
	text = append(text, '[')
	for i, v := range l {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, v, 10)
	}
	return string(append(text, ']'))
}

func (l strs) argument(d Dialect) any {
	if d == Postgres {
		if l == nil {
			return []string{}
		}
		return []string(l)
	}
	if l == nil {
		return "[]"
	}
	text, _ := json.Marshal([]string(l)) // strings always marshal
	return string(text)
}
