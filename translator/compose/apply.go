package compose

import (
	"encoding/json"
	"fmt"
)

// KeyName is the namespaced key of a translation in content (and, for tools, in unsigned).
const KeyName = "org.medixchange.translation"

// htmlFormat is the format of formatted_body.
const htmlFormat = "org.matrix.custom.html"

// Apply writes c into the content of a message event and returns the new content; what else is in
// there (msgtype, m.mentions, m.relates_to, files) stays. For an edit, content is its m.new_content.
func (c Content) Apply(content json.RawMessage) (json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(content, &fields); err != nil {
		return nil, fmt.Errorf("content of a message: %w", err)
	}
	for name, value := range c.fields() {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
		fields[name] = encoded
	}
	if c.FormattedBody == "" {
		delete(fields, "format")
		delete(fields, "formatted_body")
	}
	return json.Marshal(fields)
}

func (c Content) fields() map[string]any {
	fields := map[string]any{"body": c.Body, KeyName: c.Key}
	if c.FormattedBody != "" {
		fields["format"] = htmlFormat
		fields["formatted_body"] = c.FormattedBody
	}
	return fields
}
