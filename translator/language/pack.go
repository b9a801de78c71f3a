package language

import (
	"maps"
	"strings"
)

// packed returns the same strings as parts of one. Each as YAML gave it would keep a page of what else reading has left.
func packed(loaded map[Code]map[string]wording) map[Code]map[string]wording {
	var all strings.Builder
	at := map[string]int{}
	add := func(s string) string {
		if _, known := at[s]; !known {
			at[s] = all.Len()
			all.WriteString(s)
		}
		return s
	}
	for _, entries := range loaded {
		for key, w := range entries {
			add(key)
			w.each(add)
		}
	}
	text := strings.Clone(all.String())
	part := func(s string) string { return text[at[s] : at[s]+len(s)] }
	out := maps.Clone(loaded)
	for code, entries := range loaded {
		out[code] = make(map[string]wording, len(entries))
		for key, w := range entries {
			out[code][part(key)] = w.each(part)
		}
	}
	return out
}
