package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
)

// Var returns a path variable, unescaped; "" if the route has none of that name.
func Var(r *http.Request, name string) string { return mux.Vars(r)[name] }

// AccessToken returns the token of a request: from "Authorization: Bearer", else from the query parameter
// access_token. ok is false if there is none.
func AccessToken(r *http.Request) (token string, ok bool) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, rest, _ := strings.Cut(header, " ")
		token = strings.TrimSpace(rest)
		return token, strings.EqualFold(scheme, "Bearer") && token != ""
	}
	if !strings.Contains(r.URL.RawQuery, "access_token=") {
		return "", false
	}
	token = r.URL.Query().Get("access_token")
	return token, token != ""
}

// QueryInt reads an integer of the query, def if it is absent. Outside [low, high] it is clamped; what is no number
// or is negative where low is not is 400 M_INVALID_PARAM.
func QueryInt(r *http.Request, name string, def, low, high int) (int, error) {
	return Query(r.URL.Query()).Int(name, def, low, high)
}

// QueryBool reads a boolean of the query, def if it is absent; other values than true and false are 400
// M_INVALID_PARAM.
func QueryBool(r *http.Request, name string, def bool) (bool, error) {
	return Query(r.URL.Query()).Bool(name, def)
}

// Query is a query that has been parsed once, for handlers that read many parameters of it.
type Query url.Values

// Get returns the first value of a parameter, "" if it is absent.
func (q Query) Get(name string) string { return url.Values(q).Get(name) }

// Int is QueryInt.
func (q Query) Int(name string, def, low, high int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 && low >= 0 {
		return 0, InvalidParam("Query parameter %s must be a number", name)
	}
	return min(max(n, low), high), nil
}

// Bool is QueryBool.
func (q Query) Bool(name string, def bool) (bool, error) {
	switch q.Get(name) {
	case "":
		return def, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, InvalidParam("Query parameter %s must be true or false", name)
}

// ClientIP returns the address a request comes from. X-Forwarded-For is believed as far as its hops are proxies in
// trusted. The zero Addr means that the peer has none (a local socket).
func ClientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	addr = addr.Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && within(addr, trusted); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap().WithZone("")
	}
	return addr
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
