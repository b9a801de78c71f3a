package compose

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"
)

// KeyName is the namespaced key of a translation in content (and, for tools, in unsigned).
const KeyName = "org.medixchange.translation"

// htmlFormat is the format of formatted_body.
const htmlFormat = "org.matrix.custom.html"

// Apply writes c into the content of a message event and returns the new content; what else is in
// there (msgtype, m.mentions, m.relates_to, files) stays. For an edit, content is its m.new_content.
func (c Content) Apply(content json.RawMessage) (json.RawMessage, error) {
	if !gjson.ValidBytes(content) {
		return nil, errors.New("content of a message: not JSON")
	}
	parsed := gjson.ParseBytes(content)
	if !parsed.IsObject() {
		return nil, errors.New("content of a message: not an object")
	}
	key, err := json.Marshal(c.Key)
	if err != nil {
		return nil, fmt.Errorf("writing the key of a translation: %w", err)
	}
	out := make([]byte, 0, len(content)+len(key)+len(c.Body)+len(c.FormattedBody)+128)
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
	out = append(append(out, `,"`+KeyName+`":`...), key...)
	return append(out, '}'), nil
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
