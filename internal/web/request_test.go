package web

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	type body struct {
		Name  string `json:"name"`
		Inner struct {
			Count int `json:"count"`
		} `json:"inner"`
	}
	for _, tc := range []struct{ name, text, want string }{
		{"right", `{"name":"x","inner":{"count":2},"more":[]}`, ""},
		{"not JSON", `{"name":`, "M_NOT_JSON"},
		{"empty", ``, "M_NOT_JSON"},
		{"not UTF-8", "{\"name\":\"\xff\"}", "M_NOT_JSON"},
		{"wrong type", `{"name":5}`, `M_BAD_JSON: Field "name" must not be of type number`},
		{"wrong inner type", `{"inner":{"count":"2"}}`, `M_BAD_JSON: Field "inner.count" must not be of type string`},
		{"no object", `[]`, "M_BAD_JSON: The body must not be of type array"},
		{"duplicate", `{"name":"a","name":"b"}`, `M_BAD_JSON: The body is not acceptable JSON: duplicate key "name"`},
		{"deep", `{"x":` + strings.Repeat("[", 150) + strings.Repeat("]", 150) + `}`, "M_BAD_JSON"},
		{"large", `{"name":"` + strings.Repeat("a", 1000) + `"}`, "M_TOO_LARGE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, chunked := range []bool{false, true} {
				r := httptest.NewRequest("POST", "/", strings.NewReader(tc.text))
				if chunked {
					r.ContentLength = -1
				}
				var b body
				err := Decode(r, &b, 500)
				if tc.want == "" {
					require.NoError(t, err)
					require.Equal(t, 2, b.Inner.Count)
				} else {
					require.ErrorContains(t, err, tc.want)
				}
			}
		})
	}
	var b body
	require.NoError(t, DecodeOptional(httptest.NewRequest("POST", "/", nil), &b, 500))
	require.NoError(t, DecodeOptional(httptest.NewRequest("POST", "/", strings.NewReader("")), &b, 500))
	require.True(t, IsCode(DecodeOptional(httptest.NewRequest("POST", "/", strings.NewReader("x")), &b, 500), "M_NOT_JSON"))
}

func TestAccessToken(t *testing.T) {
	for _, tc := range []struct {
		target, header, token string
		ok                    bool
	}{
		{"/", "Bearer abc", "abc", true},
		{"/?access_token=q", "Bearer abc", "abc", true},
		{"/", "bearer  abc ", "abc", true},
		{"/?a=b&access_token=q%2B", "", "q+", true},
		{"/?access_token=", "", "", false},
		{"/", "Basic abc", "abc", false},
		{"/", "Bearer", "", false},
		{"/", "", "", false},
	} {
		r := httptest.NewRequest("GET", tc.target, nil)
		if tc.header != "" {
			r.Header.Set("Authorization", tc.header)
		}
		token, ok := AccessToken(r)
		require.Equal(t, tc.ok, ok, tc)
		if ok {
			require.Equal(t, tc.token, token)
		}
	}
}

func TestQuery(t *testing.T) {
	r := httptest.NewRequest("GET", "/?n=7&big=999&neg=-1&word=x&yes=true&no=false", nil)
	for name, want := range map[string]int{"n": 7, "big": 100, "none": 5} {
		n, err := QueryInt(r, name, 5, 0, 100)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	for _, name := range []string{"neg", "word"} {
		_, err := QueryInt(r, name, 5, 0, 100)
		require.True(t, IsCode(err, "M_INVALID_PARAM"), name)
	}
	yes, err := QueryBool(r, "yes", false)
	require.NoError(t, err)
	require.True(t, yes)
	_, err = QueryBool(r, "word", false)
	require.True(t, IsCode(err, "M_INVALID_PARAM"))
}

func TestClientIP(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.1/32")}
	for _, tc := range []struct{ peer, forwarded, want string }{
		{"198.51.100.7:1234", "1.1.1.1", "198.51.100.7"},
		{"127.0.0.1:1", "", "127.0.0.1"},
		{"127.0.0.1:1", "198.51.100.8", "198.51.100.8"},
		{"127.0.0.1:1", "6.6.6.6, 198.51.100.8, 10.0.0.1", "198.51.100.8"},
		{"127.0.0.1:1", "nonsense", "127.0.0.1"},
		{"[::ffff:127.0.0.1]:1", "2001:db8::1", "2001:db8::1"},
		{"@", "1.1.1.1", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tc.peer
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		require.Equal(t, tc.want, ClientIP(r, trusted).String(), tc)
	}
}

func TestLimiter(t *testing.T) {
	l := NewLimiter(1, 2, 100)
	for range 2 {
		ok, _ := l.Allow("a")
		require.True(t, ok)
	}
	ok, wait := l.Allow("a")
	require.False(t, ok)
	require.Greater(t, wait, 500*time.Millisecond)
	require.LessOrEqual(t, wait, time.Second)
	require.True(t, IsCode(l.Check("a"), "M_LIMIT_EXCEEDED"))
	require.NoError(t, l.Check("b"), "other keys have their own bucket")

	var off *Limiter
	require.NoError(t, off.Check("a"))
	require.Nil(t, NewLimiter(0, 5, 5))

	small := NewLimiter(0.001, 1, 2)
	for i := range 1000 {
		require.NoError(t, small.Check(fmt.Sprint(i)))
	}
	require.Equal(t, 2, small.buckets.Len())
}
