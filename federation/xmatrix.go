package federation

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"medixchange/internal/signing"
	"medixchange/internal/strictjson"
)

// maxAuthorization bounds an Authorization header.
const maxAuthorization = 4096

// errNoAuthorization says that a request carries no X-Matrix at all.
var errNoAuthorization = errors.New("no X-Matrix authorization")

// xMatrix is an Authorization header of the Server-Server API (Request Authentication).
type xMatrix struct {
	origin, destination, keyID, signature string
}

// String writes the header's value; all values are quoted, as older servers want some of them.
func (x xMatrix) String() string {
	return fmt.Sprintf(`X-Matrix origin="%s",destination="%s",key="%s",sig="%s"`, x.origin, x.destination, x.keyID, x.signature)
}

// authorizations returns every X-Matrix header of the request: there may be one for each key of the origin.
func authorizations(h http.Header) ([]xMatrix, error) {
	var all []xMatrix
	for _, value := range h.Values("Authorization") {
		x, err := parseXMatrix(value)
		if errors.Is(err, errNoAuthorization) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	if len(all) == 0 {
		return nil, errNoAuthorization
	}
	return all, nil
}

// parseXMatrix reads a header by the grammar of RFC 9110 section 11.4: names in any case, blanks around commas and equal
// signs, values as tokens or quoted. Unquoted values may hold colons, as older servers send them. Unknown names are
// ignored, doubled ones refused.
func parseXMatrix(header string) (xMatrix, error) {
	if len(header) > maxAuthorization {
		return xMatrix{}, errors.New("the authorization is too long")
	}
	scheme, rest, _ := strings.Cut(strings.TrimLeft(header, " \t"), " ")
	if !strings.EqualFold(scheme, "X-Matrix") {
		return xMatrix{}, errNoAuthorization
	}
	var x xMatrix
	fields := map[string]*string{"origin": &x.origin, "destination": &x.destination, "key": &x.keyID, "sig": &x.signature}
	seen := map[string]bool{}
	for rest = skipBlanks(rest, true); rest != ""; rest = skipBlanks(rest, true) {
		name, value, after, err := parameter(rest)
		if err != nil {
			return xMatrix{}, err
		}
		if seen[name] {
			return xMatrix{}, fmt.Errorf("the authorization gives %s twice", name)
		}
		seen[name] = true
		if field := fields[name]; field != nil {
			*field = value
		}
		if after = skipBlanks(after, false); after != "" && after[0] != ',' {
			return xMatrix{}, errors.New("the authorization is malformed")
		}
		rest = after
	}
	if x.origin == "" || x.keyID == "" || x.signature == "" {
		return xMatrix{}, errors.New("the authorization lacks origin, key or sig")
	}
	return x, nil
}

func skipBlanks(s string, commas bool) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || commas && r == ',' })
}

// parameter reads name=value; the name comes back in lower case.
func parameter(s string) (name, value, rest string, err error) {
	name, rest, ok := strings.Cut(s, "=")
	name = strings.ToLower(strings.TrimRight(name, " \t"))
	if !ok || name == "" || strings.ContainsAny(name, " \t,\"") {
		return "", "", "", errors.New("the authorization is malformed")
	}
	rest = skipBlanks(rest, false)
	if strings.HasPrefix(rest, `"`) {
		value, rest, err = quoted(rest[1:])
		return name, value, rest, err
	}
	end := strings.IndexAny(rest, ", \t")
	if end < 0 {
		end = len(rest)
	}
	return name, rest[:end], rest[end:], nil
}

// quoted reads up to the closing quote.
func quoted(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			i++
			if i == len(s) {
				return "", "", errors.New("the authorization ends within a quoted value")
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", errors.New("the authorization ends within a quoted value")
}

// requestPayload returns the canonical JSON that a request's signature covers. content is canonical JSON, nil without a
// body; destination is "" where the header that is checked has none.
func requestPayload(method, uri, origin, destination string, content []byte) []byte {
	out := make([]byte, 0, len(content)+len(uri)+len(origin)+len(destination)+96)
	out = append(out, '{')
	if content != nil {
		out = append(append(append(out, `"content":`...), content...), ',')
	}
	if destination != "" {
		out = strictjson.AppendString(append(out, `"destination":`...), []byte(destination))
		out = append(out, ',')
	}
	out = strictjson.AppendString(append(out, `"method":`...), []byte(method))
	out = strictjson.AppendString(append(out, `,"origin":`...), []byte(origin))
	out = strictjson.AppendString(append(out, `,"uri":`...), []byte(uri))
	return append(out, '}')
}

// canonicalBody returns a body in the form in which requests are signed.
func canonicalBody(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	return signing.CanonicalJSON(body, signing.Limits{})
}
