package compose

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// KeyName is the namespaced key of a translation in content (and, for tools, in unsigned).
const KeyName = "org.medixchange.translation"

// pathKey is KeyName as a path of gjson and sjson.
const pathKey = `org\.medixchange\.translation`

// htmlFormat is the format of formatted_body.
const htmlFormat = "org.matrix.custom.html"

// Apply writes c into the content of a message event and returns the new content; what else is in
// there (msgtype, m.mentions, m.relates_to, files) stays. For an edit, content is its m.new_content.
func (c Content) Apply(content json.RawMessage) (json.RawMessage, error) {
	if !gjson.ValidBytes(content) || !gjson.ParseBytes(content).IsObject() {
		return nil, errors.New("content of a message: not an object")
	}
	key, err := json.Marshal(c.Key)
	if err != nil {
		return nil, fmt.Errorf("writing the key of a translation: %w", err)
	}
	out, err := sjson.SetRawBytes(content, pathKey, key)
	if err != nil {
		return nil, fmt.Errorf("writing the key of a translation: %w", err)
	}
	for _, field := range []struct{ name, value string }{{"body", c.Body}, {"format", htmlFormat}, {"formatted_body", c.FormattedBody}} {
		if out, err = withField(out, field.name, field.value, field.name == "body" || c.FormattedBody != ""); err != nil {
			return nil, fmt.Errorf("writing %s: %w", field.name, err)
		}
	}
	return out, nil
}

// withField sets a text, or removes it.
func withField(content []byte, name, value string, wanted bool) ([]byte, error) {
	if !wanted {
		if !gjson.GetBytes(content, name).Exists() {
			return content, nil
		}
		return sjson.DeleteBytes(content, name)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return sjson.SetRawBytes(content, name, encoded)
}
