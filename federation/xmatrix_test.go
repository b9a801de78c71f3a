package federation

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
)

func TestParseXMatrix(t *testing.T) {
	full := xMatrix{origin: "a.example", destination: "b.example:8448", keyID: "ed25519:1", signature: "abc"}
	for name, tc := range map[string]struct {
		header string
		want   xMatrix
	}{
		"quoted":            {`X-Matrix origin="a.example",destination="b.example:8448",key="ed25519:1",sig="abc"`, full},
		"tokens":            {`X-Matrix origin=a.example,destination=b.example:8448,key=ed25519:1,sig=abc`, full},
		"blanks":            {`X-Matrix   origin = "a.example" , destination="b.example:8448",	key="ed25519:1",,sig="abc" `, full},
		"cases, any order":  {`x-matrix SIG="abc",Key="ed25519:1",DESTINATION="b.example:8448",Origin="a.example"`, full},
		"unknown parameter": {`X-Matrix origin="a.example",destination="b.example:8448",key="ed25519:1",sig="abc",x="y,z"`, full},
		"escaped":           {`X-Matrix origin="a.exam\ple",destination="b.example:8448",key="ed25519:1",sig="abc"`, full},
		"no destination":    {`X-Matrix origin="a",key="ed25519:1",sig="abc"`, xMatrix{origin: "a", keyID: "ed25519:1", signature: "abc"}},
	} {
		got, err := parseXMatrix(tc.header)
		require.NoError(t, err, name)
		require.Equal(t, tc.want, got, name)
	}
	for _, header := range []string{"", "Bearer abc", "X-Matrix", "X-Matrix origin=a", `X-Matrix origin="a",key="b"`, `X-Matrix origin="a`,
		`X-Matrix origin="a",origin="b",key="c",sig="d"`, `X-Matrix origin="a" key="b" sig="c"`, `X-Matrix ="a"`,
		`X-Matrix origin="a",key="b",sig="c\`, "X-Matrix origin=a,key=b,sig=" + strings.Repeat("c", maxAuthorization)} {
		_, err := parseXMatrix(header)
		require.Error(t, err, header)
	}
	got, err := parseXMatrix(full.String())
	require.NoError(t, err)
	require.Equal(t, full, got)
}

func TestAuthorizations(t *testing.T) {
	h := http.Header{}
	_, err := authorizations(h)
	require.ErrorIs(t, err, errNoAuthorization)
	h.Add("Authorization", "Bearer abc")
	h.Add("Authorization", `X-Matrix origin="a",key="ed25519:1",sig="1"`)
	h.Add("Authorization", `X-Matrix origin="a",key="ed25519:2",sig="2"`)
	all, err := authorizations(h)
	require.NoError(t, err)
	require.Len(t, all, 2)
	h.Add("Authorization", "X-Matrix nonsense")
	_, err = authorizations(h)
	require.Error(t, err)
}

func TestRequestPayloadIsCanonical(t *testing.T) {
	for _, content := range []string{"", `{"b":1,"a":"é<\u0001"}`} {
		object := map[string]any{"method": "PUT", "uri": `/x?y=<1>&z="`, "origin": "a", "destination": "b"}
		body, err := canonicalBody([]byte(content))
		require.NoError(t, err)
		if content != "" {
			object["content"] = json.RawMessage(content)
		}
		raw, err := json.Marshal(object)
		require.NoError(t, err)
		want, err := signing.CanonicalJSON(raw, signing.Limits{})
		require.NoError(t, err)
		require.Equal(t, string(want), string(requestPayload("PUT", `/x?y=<1>&z="`, "a", "b", body)))
	}
	require.NotContains(t, string(requestPayload("GET", "/", "a", "", nil)), "destination")
}

func FuzzParseXMatrix(f *testing.F) {
	f.Add(`X-Matrix origin="a.example",destination="b.example",key="ed25519:1",sig="abc"`)
	f.Add(`X-Matrix origin=a,key=b,sig=c`)
	f.Add(`X-Matrix origin="a\"b",key="\\",sig=",="`)
	f.Fuzz(func(t *testing.T, header string) {
		x, err := parseXMatrix(header)
		if err != nil {
			return
		}
		require.NotEmpty(t, x.origin)
		require.NotEmpty(t, x.keyID)
		require.NotEmpty(t, x.signature)
		if strings.ContainsAny(x.origin+x.destination+x.keyID+x.signature, `"\`) || x.destination == "" {
			return
		}
		again, err := parseXMatrix(x.String())
		require.NoError(t, err)
		require.Equal(t, x, again)
	})
}
