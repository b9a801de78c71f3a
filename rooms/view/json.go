package view

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// appendKey appends a comma if out does not just open an object, and the key with its colon. The key needs no escape.
func appendKey(out []byte, key string) []byte {
	if n := len(out); n > 0 && out[n-1] != '{' {
		out = append(out, ',')
	}
	out = append(out, '"')
	out = append(out, key...)
	return append(out, '"', ':')
}

// AppendString appends s as a JSON string.
func AppendString(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(out, s)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

func appendEscaped(out []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return append(out, `""`...) // a string always encodes
	}
	return append(out, bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})...)
}

func appendStringKey(out []byte, key, value string) []byte {
	return AppendString(appendKey(out, key), value)
}

func appendIntKey(out []byte, key string, value int64) []byte {
	return strconv.AppendInt(appendKey(out, key), value, 10)
}

// TranslationKey is the key in content that says how a text was translated. Only this node writes it.
const TranslationKey = "org.medixchange.translation"

var translationKey, readAsKey = []byte(TranslationKey), []byte(ReadAsKey)

// withoutForged returns content without any translation key at its top or in m.new_content: one that comes from outside
// could pretend a verdict that nobody gave. An escape could hide the key, so contents with escapes are looked through.
func withoutForged(content []byte) []byte {
	if !bytes.Contains(content, translationKey) && !bytes.Contains(content, readAsKey) && !bytes.Contains(content, []byte(`\u`)) {
		return content
	}
	return rewrite(gjson.ParseBytes(content), true)
}

// ForwardedKey is the key in content that says that a message was forwarded from a reader who had it in translation:
// {"from": "zh", "to": "es"}. What is forwarded is the original. Like all that is sent it is the sender's word.
const ForwardedKey = "org.medixchange.forwarded"

// forwardedOriginal returns a content that a client copied from what it was shown as what its author wrote (TRANSLATION 9):
// a translation with where it comes from, and what was not translated without the words on why. Clients copy the key with
// the rest, so the original is in there. Any other content stays as it is.
func forwardedOriginal(content []byte) []byte {
	if !bytes.Contains(content, translationKey) {
		return content
	}
	sent := gjson.ParseBytes(content)
	key := sent.Get(`org\.medixchange\.translation`)
	out, err := restored(content, sent, key)
	if err != nil || out == nil {
		return content
	}
	from, to := key.Get("from").Str, key.Get("to").Str
	if key.Get("state").Str != stateTranslated || from == to { // the same: what was said, written down in its language
		return out
	}
	if out, err = sjson.SetBytes(out, `org\.medixchange\.forwarded`, map[string]string{"from": from, "to": to}); err != nil {
		return content
	}
	return out
}

// stateTranslated is the state of a rendering that holds a translation.
const stateTranslated = "translated"

// restored returns a sent content with the original from its key, nil when that says nothing of it.
func restored(content []byte, sent, key gjson.Result) ([]byte, error) {
	if whole := key.Get("original.content"); whole.IsObject() {
		return restoredWhole(sent, whole)
	}
	original := key.Get("original.body")
	if original.Type != gjson.String || original.Str == "" {
		return nil, nil
	}
	if key.Get("state").Str != stateTranslated && !hasLines(sent.Get("body").Str, original.Str) {
		return nil, nil // where nothing was translated the original was shown: other words are the sender's own
	}
	out, err := sjson.SetBytes(content, "body", original.Str)
	if err != nil {
		return nil, err
	}
	if formatted := key.Get("original.formatted_body"); formatted.Type == gjson.String && formatted.Str != "" {
		return sjson.SetBytes(out, "formatted_body", formatted.Str)
	}
	if out, err = sjson.DeleteBytes(out, "formatted_body"); err != nil {
		return nil, err
	}
	return sjson.DeleteBytes(out, "format")
}

// hasLines reports whether a text has another one in it, from the beginning of a line to the end of one.
func hasLines(text, lines string) bool { return strings.Contains("\n"+text+"\n", "\n"+lines+"\n") }

// restoredWhole returns an original that is more than a text. What it relates to, and who is mentioned, is for its sender to say.
func restoredWhole(sent, whole gjson.Result) ([]byte, error) {
	out := []byte(whole.Raw)
	var err error
	for _, path := range []string{`m\.relates_to`, `m\.mentions`} {
		if said := sent.Get(path); said.Exists() {
			out, err = sjson.SetRawBytes(out, path, []byte(said.Raw))
		} else if whole.Get(path).Exists() {
			out, err = sjson.DeleteBytes(out, path)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func rewrite(object gjson.Result, deeper bool) []byte {
	out := append(make([]byte, 0, len(object.Raw)), '{')
	object.ForEach(func(key, value gjson.Result) bool {
		if key.Str == TranslationKey || key.Str == ReadAsKey {
			return true
		}
		if n := len(out); out[n-1] != '{' {
			out = append(out, ',')
		}
		out = append(append(out, key.Raw...), ':')
		if deeper && key.Str == "m.new_content" && value.IsObject() {
			out = append(out, rewrite(value, false)...)
			return true
		}
		out = append(out, value.Raw...)
		return true
	})
	return append(out, '}')
}
