package strictjson

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Canonical returns b in canonical form (specification, appendix "Canonical JSON"): keys sorted by code point, no
// blanks, the shortest escapes. It checks b first as Check does. Numbers are kept as they are written, except that
// minus zero becomes 0; whoever wants the rules of room version 6 sets Limits.Integers.
func Canonical(b []byte, l Limits) ([]byte, error) {
	if err := Check(b, l); err != nil {
		return nil, err
	}
	w := canonicalWriter{scanner: scanner{src: b}, out: make([]byte, 0, len(b))}
	w.space()
	w.write()
	return w.out, nil
}

// canonicalWriter walks text that Check has accepted, so it needs no checks of its own.
type canonicalWriter struct {
	scanner
	out     []byte
	members []member // of the objects that are open, innermost last
	scratch []byte
}

// member is one `"key":value` that has been written to out.
type member struct {
	key        []byte // decoded
	start, end int    // in out
}

func (w *canonicalWriter) write() {
	switch w.src[w.pos] {
	case '"':
		raw, escaped := w.rawString()
		w.appendString(raw, escaped)
	case '{':
		w.writeObject()
	case '[':
		w.writeArray()
	default:
		w.writeScalar()
	}
}

func (w *canonicalWriter) writeScalar() {
	start := w.pos
	for w.pos < len(w.src) && !endsScalar(w.src[w.pos]) {
		w.pos++
	}
	text := w.src[start:w.pos]
	if string(text) == "-0" {
		text = text[1:]
	}
	w.out = append(w.out, text...)
}

func endsScalar(c byte) bool { return c <= ' ' || c == ',' || c == ']' || c == '}' }

func (w *canonicalWriter) writeArray() {
	w.pos++
	w.out = append(w.out, '[')
	for n := 0; ; n++ {
		w.space()
		if w.accept(']') {
			break
		}
		if w.accept(',') {
			w.space()
		}
		if n > 0 {
			w.out = append(w.out, ',')
		}
		w.write()
	}
	w.out = append(w.out, ']')
}

func (w *canonicalWriter) writeObject() {
	w.pos++
	w.out = append(w.out, '{')
	first, sorted := len(w.members), true
	for {
		w.space()
		if w.accept('}') {
			break
		}
		if w.accept(',') {
			w.space()
		}
		raw, escaped := w.rawString()
		m := member{key: raw, start: len(w.out)}
		if escaped {
			m.key = unescape(raw)
		}
		if n := len(w.members); n > first && bytes.Compare(w.members[n-1].key, m.key) > 0 {
			sorted = false
		}
		w.appendString(raw, escaped)
		w.out = append(w.out, ':')
		w.space()
		w.accept(':')
		w.space()
		w.write()
		m.end = len(w.out)
		w.members = append(w.members, m)
		w.out = append(w.out, ',')
	}
	own := w.members[first:]
	if len(own) > 0 {
		w.out = w.out[:len(w.out)-1]
	}
	if !sorted {
		w.reorder(own)
	}
	w.members = w.members[:first]
	w.out = append(w.out, '}')
}

// reorder puts members, which stand one after the other in out, into the order of their keys.
func (w *canonicalWriter) reorder(own []member) {
	begin := own[0].start
	w.scratch = append(w.scratch[:0], w.out[begin:]...)
	slices.SortFunc(own, func(a, b member) int { return bytes.Compare(a.key, b.key) })
	w.out = w.out[:begin]
	for i, m := range own {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, w.scratch[m.start-begin:m.end-begin]...)
	}
}

// rawString returns what is between the quotes and whether it holds an escape.
func (w *canonicalWriter) rawString() (raw []byte, escaped bool) {
	w.pos++
	start := w.pos
	for w.src[w.pos] != '"' {
		if w.src[w.pos] == '\\' {
			escaped = true
			w.pos++
		}
		w.pos++
	}
	raw = w.src[start:w.pos]
	w.pos++
	return raw, escaped
}

func (w *canonicalWriter) appendString(raw []byte, escaped bool) {
	if escaped {
		w.out = AppendString(w.out, unescape(raw))
		return
	}
	w.out = append(w.out, '"')
	w.out = append(w.out, raw...)
	w.out = append(w.out, '"')
}

// AppendString appends text to dst as a canonical JSON string with its quotes. text must be valid UTF-8.
func AppendString(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\f':
			dst = append(dst, '\\', 'f')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, '"')
}

func needsEscape(text []byte) bool {
	return slices.ContainsFunc(text, func(c byte) bool { return c < 0x20 || c == '"' || c == '\\' })
}

// unescape decodes the inside of a string that the scanner has accepted.
func unescape(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		switch c := raw[i+1]; c {
		case 'u':
			r, _ := hex4(raw, i+2)
			i += 6
			if utf16.IsSurrogate(r) {
				low, _ := lowSurrogate(raw, i)
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			out = utf8.AppendRune(out, r)
			continue
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		default:
			out = append(out, c)
		}
		i += 2
	}
	return out
}

// lowSurrogate reads a `\uDC00` to `\uDFFF` at pos.
func lowSurrogate(b []byte, pos int) (rune, bool) {
	if pos+6 > len(b) || b[pos] != '\\' || b[pos+1] != 'u' {
		return 0, false
	}
	r, ok := hex4(b, pos+2)
	return r, ok && r >= 0xDC00 && r <= 0xDFFF
}

func hex4(b []byte, pos int) (rune, bool) {
	if pos+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[pos : pos+4] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
