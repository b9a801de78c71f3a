package push

import (
	"bytes"
	"net/url"
	"testing"
)

func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{"https://push.example" + Path, "http://127.0.0.1:1" + Path, "http://[::1]" + Path, "https://a@b" + Path, "//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if CheckURL(raw, loopback) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Path != Path || u.Hostname() == "" || u.User != nil || u.RawQuery != "" {
			t.Fatalf("%q passed", raw)
		}
		if u.Scheme != "https" && !within(u.Hostname(), loopback) {
			t.Fatalf("%q passed without https", raw)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"rejected":["key"]}`))
	f.Add([]byte(`{"rejected":[1]}`))
	f.Fuzz(func(_ *testing.T, raw []byte) { readAnswer(bytes.NewReader(raw)) })
}
