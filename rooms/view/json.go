package view

import (
	"bytes"
	"encoding/json"
	"strconv"
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
// {"from": "zh", "to": "es"}. What is forwarded is the original.
const ForwardedKey = "org.medixchange.forwarded"

// forwardedOriginal returns a content that a client copied from a translation as what its author wrote, with where it comes
// from; any other content as it is (TRANSLATION 9). Clients copy the key with the rest, so the original is in there.
func forwardedOriginal(content []byte) []byte {
	if !bytes.Contains(content, translationKey) {
		return content
	}
	key := gjson.GetBytes(content, `org\.medixchange\.translation`)
	original := key.Get("original.body")
	if whole := key.Get("original.content"); key.Get("state").Str == "translated" && whole.IsObject() {
		out, err := sjson.SetBytes([]byte(whole.Raw), `org\.medixchange\.forwarded`, map[string]string{"from": key.Get("from").Str, "to": key.Get("to").Str})
		if err != nil {
			return content
		}
		return out
	}
	if key.Get("state").Str != "translated" || original.Type != gjson.String || original.Str == "" {
		return content
	}
	out, err := sjson.SetBytes(content, "body", original.Str)
	if err != nil {
		return content
	}
	if formatted := key.Get("original.formatted_body"); formatted.Type == gjson.String && formatted.Str != "" {
		out, err = sjson.SetBytes(out, "formatted_body", formatted.Str)
	} else {
		if out, err = sjson.DeleteBytes(out, "formatted_body"); err == nil {
			out, err = sjson.DeleteBytes(out, "format")
		}
	}
	if err != nil {
		return content
	}
	out, err = sjson.SetBytes(out, `org\.medixchange\.forwarded`, map[string]string{"from": key.Get("from").Str, "to": key.Get("to").Str})
	if err != nil {
		return content
	}
	return out
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
