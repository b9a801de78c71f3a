package strictjson

import (
	"slices"

	"github.com/tidwall/gjson"
)

// Without copies the members of an object in canonical JSON but those named; what it returns is canonical, too.
func Without(object []byte, names ...string) []byte {
	out := make([]byte, 0, len(object))
	out = append(out, '{')
	gjson.ParseBytes(object).ForEach(func(key, value gjson.Result) bool {
		if slices.Contains(names, key.Str) {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, key.Raw...), ':'), value.Raw...)
		return true
	})
	return append(out, '}')
}
