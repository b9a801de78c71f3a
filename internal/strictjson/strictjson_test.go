package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	many := func(extra string) string {
		var b strings.Builder
		for i := range 3 * manyKeys {
			fmt.Fprintf(&b, `"k%d":1,`, i)
		}
		return "{" + b.String() + extra + "}"
	}
	const ok = Kind(-1)
	for _, tc := range []struct {
		name, text string
		limits     Limits
		want       Kind
	}{
		{"object", ` {"a": [1, -2.5e+3, true, false, null, "ä\u00e4\ud83d\ude00"], "b": {}} `, Limits{}, ok},
		{"scalar", `0`, Limits{}, ok},
		{"many keys", many(`"z":1`), Limits{}, ok},
		{"same key in different objects", `{"a":{"a":1},"b":[{"a":1},{"a":1}]}`, Limits{}, ok},
		{"depth at the limit", deep(DefaultMaxDepth), Limits{}, ok},
		{"empty", ``, Limits{}, Syntax},
		{"blank", "  ", Limits{}, Syntax},
		{"two values", `{} {}`, Limits{}, Syntax},
		{"trailing comma", `[1,]`, Limits{}, Syntax},
		{"trailing comma in object", `{"a":1,}`, Limits{}, Syntax},
		{"missing colon", `{"a" 1}`, Limits{}, Syntax},
		{"key without quotes", `{a:1}`, Limits{}, Syntax},
		{"leading zero", `01`, Limits{}, Syntax},
		{"plus", `+1`, Limits{}, Syntax},
		{"lonely minus", `-`, Limits{}, Syntax},
		{"fraction without digits", `1.`, Limits{}, Syntax},
		{"exponent without digits", `1e`, Limits{}, Syntax},
		{"NaN", `NaN`, Limits{}, Syntax},
		{"half a word", `tru`, Limits{}, Syntax},
		{"unfinished string", `"abc`, Limits{}, Syntax},
		{"unfinished escape", `"\`, Limits{}, Syntax},
		{"wrong escape", `"\x"`, Limits{}, Syntax},
		{"wrong hex", `"\u12g4"`, Limits{}, Syntax},
		{"control character", "\"a\nb\"", Limits{}, Syntax},
		{"high surrogate alone", `"\ud800"`, Limits{}, Syntax},
		{"high surrogate twice", `"\ud800\ud800"`, Limits{}, Syntax},
		{"low surrogate alone", `"\udc00"`, Limits{}, Syntax},
		{"invalid UTF-8", "\"\xff\"", Limits{}, Syntax},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", Limits{}, Syntax},
		{"byte order mark", "\xef\xbb\xbf{}", Limits{}, Syntax},
		{"duplicate", `{"a":1,"a":2}`, Limits{}, Duplicate},
		{"duplicate by escape", `{"a":1,"\u0061":2}`, Limits{}, Duplicate},
		{"duplicate behind nested", `{"a":{"x":1},"b":2,"a":3}`, Limits{}, Duplicate},
		{"duplicate of many", many(`"k3":1`), Limits{}, Duplicate},
		{"duplicate late of many", many(`"z":1,"z":2`), Limits{}, Duplicate},
		{"too deep", deep(DefaultMaxDepth + 1), Limits{}, Depth},
		{"too deep by a lot", strings.Repeat("[", 1<<20), Limits{}, Depth},
		{"too deep objects", strings.Repeat(`{"a":`, 6) + "1" + strings.Repeat("}", 6), Limits{MaxDepth: 5}, Depth},
		{"too long", `[1]`, Limits{MaxBytes: 2}, Size},
		{"largest integer", `[9007199254740991,-9007199254740991,0]`, Limits{Integers: true}, ok},
		{"larger integer", `9007199254740992`, Limits{Integers: true}, Number},
		{"huge integer", `-18446744073709551617`, Limits{Integers: true}, Number},
		{"float", `1.0`, Limits{Integers: true}, Number},
		{"exponent", `1e3`, Limits{Integers: true}, Number},
		{"minus zero", `-0`, Limits{Integers: true}, Number},
		{"floats elsewhere", `[1.5,1e3,-0,9007199254740992]`, Limits{}, ok},
		{"quote in a key", `{"a\"b":1}`, Limits{PlainKeys: true}, Key},
		{"control in a key", `{"x":{"a\u0001":1}}`, Limits{PlainKeys: true}, Key},
		{"needless escape in a key", `{"\u00e4\/":"\""}`, Limits{PlainKeys: true}, ok},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Check([]byte(tc.text), tc.limits)
			if tc.want == ok {
				require.NoError(t, err)
				return
			}
			var bad *Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.want, bad.Kind, bad.Error())
		})
	}
}

// The examples of the specification's appendix "Canonical JSON", and what gomatrixserverlib gets wrong.
func TestCanonical(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{`{}`, `{}`},
		{` [ ] `, `[]`},
		{"{\n \"one\": 1,\n \"two\": \"Two\"\n}", `{"one":1,"two":"Two"}`},
		{`{"b": "2", "a": "1"}`, `{"a":"1","b":"2"}`},
		{`{"a": "\u65E5\u672c\u8a9e"}`, `{"a":"日本語"}`},
		{`{"本": 2, "日": 1}`, `{"日":1,"本":2}`},
		{`{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe", "three_pids": [ {"medium": "email", "address": "a"} , {"medium":"msisdn","address":"1"}]}}}`,
			`{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"address":"a","medium":"email"},{"address":"1","medium":"msisdn"}]},"success":true}}`},
		{`{"a": null, "b": -0, "c": -0.5, "d": 1e3}`, `{"a":null,"b":0,"c":-0.5,"d":1e3}`},
		{`{"b\"":1,"a\\":{"\n":2}}`, `{"a\\":{"\n":2},"b\"":1}`},
		{`"\u0000\u001f\b\t\n\f\r\"\\\/\u007f\u00e4\ud83d\ude00"`, `"\u0000\u001f\b\t\n\f\r\"\\/` + "\x7fä😀\""},
		{`{"😀":1,"\uffee":2}`, `{"` + "\uffee" + `":2,"😀":1}`},
		{`{"c":[3,{"z":1,"y":2}],"b":{"q":{"b":1,"a":2}},"a":[]}`, `{"a":[],"b":{"q":{"a":2,"b":1}},"c":[3,{"y":2,"z":1}]}`},
	} {
		got, err := Canonical([]byte(tc.in), Limits{})
		require.NoError(t, err)
		require.Equal(t, tc.want, string(got))
	}
	_, err := Canonical([]byte(`{"a":1.5}`), Limits{Integers: true})
	require.Error(t, err)
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"\u00e4"],"b":{"c":null}}`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud800"`, `[[[[`, `{"a\"b":-0}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := Check(text, Limits{})
		if err == nil && !json.Valid(text) {
			t.Fatalf("accepted what encoding/json refuses: %q", text)
		}
		var bad *Error
		if err != nil && json.Valid(text) {
			require.ErrorAs(t, err, &bad)
			if bad.Kind == Syntax && !bytes.ContainsAny(text, "\\") && bytes.Equal(bytes.ToValidUTF8(text, nil), text) {
				t.Fatalf("refused plain JSON: %q: %v", text, err)
			}
		}
		if err != nil {
			return
		}
		once, err := Canonical(text, Limits{})
		require.NoError(t, err)
		twice, err := Canonical(once, Limits{})
		require.NoError(t, err, "the canonical form is not accepted: %q", once)
		require.Equal(t, string(once), string(twice))
		require.True(t, sameMeaning(t, text, once), "%q became %q", text, once)
	})
}

func sameMeaning(t *testing.T, a, b []byte) bool {
	decode := func(text []byte) (v any) {
		d := json.NewDecoder(bytes.NewReader(bytes.ReplaceAll(text, []byte("-0"), []byte("0"))))
		d.UseNumber()
		require.NoError(t, d.Decode(&v))
		return v
	}
	return bytes.Contains(a, []byte("-0")) || reflect.DeepEqual(decode(a), decode(b))
}

var event = []byte(`{"type":"m.room.message","sender":"@doctor-zh:hospital-a.example","room_id":"!dGhpcyBpcyBhIHJvb20:hospital-a.example",
"origin_server_ts":1795339200000,"depth":1234,"auth_events":["$0OkWHE8QLlyRWxsmZBcDtZyGU0Lx4dpnnuWJVJqn6Bw","$1OkWHE8QLlyRWxsmZBcDtZyGU0Lx4dpnnuWJVJqn6Bw"],
"prev_events":["$2OkWHE8QLlyRWxsmZBcDtZyGU0Lx4dpnnuWJVJqn6Bw"],"content":{"msgtype":"m.text","body":"患者体温 38.5°C，血氧 91%，需要会诊","m.mentions":{"user_ids":["@doctor-es:b.example"]}},
"hashes":{"sha256":"thisisahashthisisahashthisisahashthisisahas"},"signatures":{"hospital-a.example":{"ed25519:a_1":"c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlcw"}}}`)

func BenchmarkCheck(b *testing.B) {
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Check(event, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Canonical(event, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodingJSONValid(b *testing.B) {
	b.SetBytes(int64(len(event)))
	for b.Loop() {
		json.Valid(event)
	}
}
