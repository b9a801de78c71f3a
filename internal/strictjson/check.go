package strictjson

import (
	"fmt"
	"unicode/utf8"
)

// DefaultMaxDepth is the nesting that Check accepts when Limits does not say.
const DefaultMaxDepth = 100

// Limits says how strict Check is. The zero value means: any size, DefaultMaxDepth, any JSON number, any key.
type Limits struct {
	// MaxBytes bounds the length of the text; 0 means no bound.
	MaxBytes int
	// MaxDepth bounds how deep objects and arrays nest; 0 means DefaultMaxDepth.
	MaxDepth int
	// Integers allows only what canonical JSON allows from room version 6 on: integers within ±(2^53-1), written
	// without fraction, exponent or minus zero (specification, appendix "Canonical JSON").
	Integers bool
	// PlainKeys refuses object keys that need an escape (quote, backslash, control characters). gomatrixserverlib writes
	// such keys unescaped into its canonical form, which lets one event mean another.
	PlainKeys bool
}

// Kind classifies what Check found.
type Kind int

// The kinds of Error.
const (
	// Syntax: not JSON at all, or not valid Unicode.
	Syntax Kind = iota
	// Duplicate: an object has the same key twice.
	Duplicate
	// Depth: nested deeper than the limit.
	Depth
	// Size: longer than the limit.
	Size
	// Number: a number that canonical JSON forbids.
	Number
	// Key: an object key that PlainKeys refuses.
	Key
)

// Error says what is wrong with a text and where.
type Error struct {
	Kind   Kind
	Offset int // in bytes
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset) }

// Check reports whether b is exactly one JSON value within the limits. The error is an *Error. It is safe for
// concurrent use and does not keep b.
func Check(b []byte, l Limits) error {
	if l.MaxBytes > 0 && len(b) > l.MaxBytes {
		return &Error{Kind: Size, Offset: l.MaxBytes, Reason: fmt.Sprintf("longer than %d bytes", l.MaxBytes)}
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = DefaultMaxDepth
	}
	var few [32][]byte // keeps most texts from allocating
	s := scanner{src: b, limits: l, keys: few[:0]}
	s.space()
	if err := s.value(1); err != nil {
		return err
	}
	s.space()
	if s.pos != len(b) {
		return s.fail(Syntax, "data after the JSON value")
	}
	return nil
}

// manyKeys is the number of keys from which an object's duplicates are looked for in a map instead of one by one.
const manyKeys = 12

type scanner struct {
	src    []byte
	pos    int
	limits Limits
	keys   [][]byte // decoded keys of the objects that are open, innermost last
}

func (s *scanner) fail(k Kind, reason string) error {
	return &Error{Kind: k, Offset: s.pos, Reason: reason}
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) value(depth int) error {
	if s.pos >= len(s.src) {
		return s.fail(Syntax, "unexpected end of JSON")
	}
	switch c := s.src[s.pos]; {
	case c == '"':
		_, _, err := s.str()
		return err
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '-' || isDigit(c):
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.fail(Syntax, "unexpected character")
}

func (s *scanner) literal(word string) error {
	if end := s.pos + len(word); end <= len(s.src) && string(s.src[s.pos:end]) == word {
		s.pos = end
		return nil
	}
	return s.fail(Syntax, "unexpected character")
}

func (s *scanner) array(depth int) error {
	if depth > s.limits.MaxDepth {
		return s.fail(Depth, fmt.Sprintf("nested deeper than %d levels", s.limits.MaxDepth))
	}
	s.pos++
	s.space()
	if s.accept(']') {
		return nil
	}
	for {
		s.space()
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.space()
		if s.accept(']') {
			return nil
		}
		if !s.accept(',') {
			return s.fail(Syntax, "expected a comma or the end of the array")
		}
	}
}

func (s *scanner) object(depth int) error {
	if depth > s.limits.MaxDepth {
		return s.fail(Depth, fmt.Sprintf("nested deeper than %d levels", s.limits.MaxDepth))
	}
	s.pos++
	s.space()
	if s.accept('}') {
		return nil
	}
	first := len(s.keys)
	defer func() { s.keys = s.keys[:first] }()
	var seen map[string]struct{}
	for {
		s.space()
		key, err := s.key()
		if err != nil {
			return err
		}
		if seen, err = s.remember(key, first, seen); err != nil {
			return err
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.space()
		if s.accept('}') {
			return nil
		}
		if !s.accept(',') {
			return s.fail(Syntax, "expected a comma or the end of the object")
		}
	}
}

// key reads a key with its colon and the blanks behind it, and returns the key decoded.
func (s *scanner) key() ([]byte, error) {
	if s.pos >= len(s.src) || s.src[s.pos] != '"' {
		return nil, s.fail(Syntax, "expected a key in quotes")
	}
	start := s.pos
	raw, escaped, err := s.str()
	if err != nil {
		return nil, err
	}
	key := raw
	if escaped {
		key = unescape(raw)
		if s.limits.PlainKeys && needsEscape(key) {
			s.pos = start
			return nil, s.fail(Key, "object key with a quote, backslash or control character")
		}
	}
	s.space()
	if !s.accept(':') {
		return nil, s.fail(Syntax, "expected a colon after the key")
	}
	s.space()
	return key, nil
}

// remember adds key to the keys of the object whose keys begin at first, and fails if it is there already.
func (s *scanner) remember(key []byte, first int, seen map[string]struct{}) (map[string]struct{}, error) {
	own := s.keys[first:]
	if len(own) < manyKeys {
		for _, k := range own {
			if string(k) == string(key) {
				return nil, s.duplicate(key)
			}
		}
		s.keys = append(s.keys, key)
		return nil, nil
	}
	if seen == nil {
		seen = make(map[string]struct{}, 4*manyKeys)
		for _, k := range own {
			seen[string(k)] = struct{}{}
		}
	}
	if _, there := seen[string(key)]; there {
		return nil, s.duplicate(key)
	}
	seen[string(key)] = struct{}{}
	return seen, nil
}

func (s *scanner) duplicate(key []byte) error {
	if len(key) > 64 {
		key = key[:64]
	}
	return s.fail(Duplicate, fmt.Sprintf("duplicate key %q", key))
}

func (s *scanner) accept(c byte) bool {
	if s.pos < len(s.src) && s.src[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// number follows RFC 8259 section 6.
func (s *scanner) number() error {
	start := s.pos
	s.accept('-')
	switch {
	case s.accept('0'):
	case s.digits():
	default:
		return s.fail(Syntax, "invalid number")
	}
	whole := true
	if s.accept('.') {
		whole = false
		if !s.digits() {
			return s.fail(Syntax, "invalid number")
		}
	}
	if s.accept('e') || s.accept('E') {
		whole = false
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return s.fail(Syntax, "invalid number")
		}
	}
	if s.limits.Integers && (!whole || !safeInteger(s.src[start:s.pos])) {
		s.pos = start
		return s.fail(Number, "number is not an integer within ±(2^53-1)")
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.src) && isDigit(s.src[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

const maxSafeInteger = 1<<53 - 1

// safeInteger takes an integer of valid syntax. Minus zero is not one.
func safeInteger(text []byte) bool {
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	if len(text) > 16 {
		return false
	}
	var n int64
	for _, c := range text {
		n = n*10 + int64(c-'0')
	}
	return n <= maxSafeInteger && (n != 0 || !negative)
}

// str reads a string and returns what is between the quotes, and whether it contains escapes.
func (s *scanner) str() (raw []byte, escaped bool, err error) {
	s.pos++
	start := s.pos
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '"':
			raw = s.src[start:s.pos]
			s.pos++
			return raw, escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < 0x20:
			return nil, false, s.fail(Syntax, "control character in a string")
		case c < utf8.RuneSelf:
			s.pos++
		default:
			r, n := utf8.DecodeRune(s.src[s.pos:])
			if r == utf8.RuneError && n <= 1 {
				return nil, false, s.fail(Syntax, "invalid UTF-8")
			}
			s.pos += n
		}
	}
	return nil, false, s.fail(Syntax, "unexpected end of JSON")
}

func (s *scanner) escape() error {
	if s.pos+1 >= len(s.src) {
		return s.fail(Syntax, "unexpected end of JSON")
	}
	switch s.src[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
	default:
		return s.fail(Syntax, "invalid escape")
	}
	r, ok := hex4(s.src, s.pos+2)
	if !ok {
		return s.fail(Syntax, "invalid escape")
	}
	if r < 0xD800 || r > 0xDFFF {
		s.pos += 6
		return nil
	}
	if _, ok := lowSurrogate(s.src, s.pos+6); r >= 0xDC00 || !ok {
		return s.fail(Syntax, "half of a surrogate pair")
	}
	s.pos += 12
	return nil
}
