package view

import (
	"strings"

	"github.com/tidwall/gjson"
)

// PickFields returns the event with only the fields of an event_fields filter: whole top-level keys, or keys of the
// second level. What is named deeper brings its whole second level, which the specification allows.
func PickFields(event []byte, fields []string) []byte {
	wanted := make(map[string][]string, len(fields))
	for _, field := range fields {
		path := splitPath(field)
		switch {
		case len(path) == 1:
			wanted[path[0]] = []string{} // all of it
		case wanted[path[0]] == nil || len(wanted[path[0]]) > 0:
			wanted[path[0]] = append(wanted[path[0]], path[1])
		}
	}
	out := append(make([]byte, 0, len(event)), '{')
	gjson.ParseBytes(event).ForEach(func(key, value gjson.Result) bool {
		keep, ok := wanted[key.Str]
		if !ok {
			return true
		}
		if len(keep) == 0 {
			out = append(appendKey(out, key.Str), value.Raw...)
			return true
		}
		if value.IsObject() {
			out = append(pickKeys(append(appendKey(out, key.Str), '{'), value, keep), '}')
		}
		return true
	})
	return append(out, '}')
}

// splitPath splits a dot-separated property path (Appendices): a backslash takes the meaning from a dot or backslash.
func splitPath(path string) []string {
	if !strings.ContainsRune(path, '\\') {
		return strings.Split(path, ".")
	}
	var parts []string
	var part strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\' && i+1 < len(path) && (path[i+1] == '.' || path[i+1] == '\\'):
			i++
			part.WriteByte(path[i])
		case c == '.':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(c)
		}
	}
	return append(parts, part.String())
}
