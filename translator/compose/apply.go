package compose

import (
	"encoding/json"
	"errors"

	"github.com/tidwall/gjson"
)

// KeyName is the namespaced key of a translation in content (and, for tools, in unsigned).
const KeyName = "org.medixchange.translation"

// htmlFormat is the format of formatted_body.
const htmlFormat = "org.matrix.custom.html"

// Apply writes c into the content of a message event and returns the new content; what else is in
// there (msgtype, m.mentions, m.relates_to, files) stays. For an edit, content is its m.new_content.
func (c Content) Apply(content string) (json.RawMessage, error) {
	if !gjson.Valid(content) {
		return nil, errors.New("content of a message: not JSON")
	}
	parsed := gjson.Parse(content)
	if !parsed.IsObject() {
		return nil, errors.New("content of a message: not an object")
	}
	out := make([]byte, 0, len(content)+2*(len(c.Body)+len(c.FormattedBody))+keyBytes)
	out = append(out, '{')
	parsed.ForEach(func(name, value gjson.Result) bool {
		if !written(name.Str) {
			out = append(append(append(append(out, name.Raw...), ':'), value.Raw...), ',')
		}
		return true
	})
	out = appendField(out, "body", c.Body)
	if c.FormattedBody != "" {
		out = appendField(append(out, ','), "format", htmlFormat)
		out = appendField(append(out, ','), "formatted_body", c.FormattedBody)
	}
	out = c.Key.Append(append(out, `,"`+KeyName+`":`...))
	return append(out, '}'), nil
}

// keyBytes is room for a key without the texts in it.
const keyBytes = 192

// Append appends the key as JSON, as encoding/json would write it but without looking at its type each time.
func (k Key) Append(dst []byte) []byte {
	dst = append(dst, '{')
	dst = appendField(dst, "state", k.State)
	for _, field := range [...]struct{ name, value string }{
		{"from", string(k.From)}, {"to", string(k.To)}, {"engine", k.Engine}, {"verdict", string(k.Verdict)},
	} {
		if field.value != "" {
			dst = appendField(append(dst, ','), field.name, field.value)
		}
	}
	dst = append(dst, `,"reasons":[`...)
	for i, reason := range k.Reasons {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = gjson.AppendJSONString(dst, reason)
	}
	dst = append(dst, ']')
	if k.Original == nil {
		return append(dst, '}')
	}
	dst = appendField(append(dst, `,"original":{`...), "body", k.Original.Body)
	if k.Original.FormattedBody != "" {
		dst = appendField(append(dst, ','), "formatted_body", k.Original.FormattedBody)
	}
	return append(dst, "}}"...)
}

// written reports whether Apply has its own value for a field, or leaves it out.
func written(field string) bool {
	switch field {
	case "body", "format", "formatted_body", KeyName:
		return true
	}
	return false
}

// appendField appends the name and value of a text.
func appendField(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, '"'), name...), `":`...)
	return gjson.AppendJSONString(dst, value)
}
