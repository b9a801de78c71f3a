package conform

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"medixchange/federation"
	"medixchange/internal/netguard"
)

// visit is one examination of one server, and what is known so far. It is used by one goroutine.
type visit struct {
	o        Options
	server   string
	location federation.Location

	place     federation.Place        // the first that answered
	version   *federation.ProbeAnswer // of the question for the version there
	unreached error                   // why no place answered
	silent    map[string]error        // places that did not answer
	keys      *federation.ProbeAnswer
	alias     *federation.ProbeAnswer // of the signed question for an alias
	aliasErr  error
	took      []time.Duration // of small questions
}

// reach asks every place for the version.
func (v *visit) reach(ctx context.Context) {
	v.silent = map[string]error{}
	for _, p := range v.location.Places {
		answer, err := v.o.Client.Probe(ctx, federation.Probe{Server: v.server, At: p, Method: http.MethodGet, URI: pathVersion})
		if err != nil {
			v.silent[p.Addr] = err
			if v.unreached == nil {
				v.unreached = err
			}
			continue
		}
		if v.version == nil {
			v.place, v.version = p, answer
			v.took = append(v.took, answer.Took)
		}
	}
	if v.version != nil {
		v.unreached = nil
	}
}

// ask sends a small question to the place that answered.
func (v *visit) ask(ctx context.Context, p federation.Probe) (*federation.ProbeAnswer, error) {
	p.Server, p.At = v.server, v.place
	if p.Method == "" {
		p.Method = http.MethodGet
	}
	answer, err := v.o.Client.Probe(ctx, p)
	if err == nil && p.Blanks == 0 {
		v.took = append(v.took, answer.Took)
	}
	return answer, err
}

// signedAlias asks, signed, for an alias that nobody has; once.
func (v *visit) signedAlias(ctx context.Context) (*federation.ProbeAnswer, error) {
	if v.alias == nil && v.aliasErr == nil {
		uri := pathDirectory + "?" + url.Values{"room_alias": {"#" + nobody() + ":" + v.server}}.Encode()
		v.alias, v.aliasErr = v.ask(ctx, federation.Probe{URI: uri, Claim: federation.ClaimSigned})
	}
	return v.alias, v.aliasErr
}

// admitted reports whether the server takes signed requests of this one.
func (v *visit) admitted(ctx context.Context) bool {
	answer, err := v.signedAlias(ctx)
	if err != nil {
		return false
	}
	return answer.Status != http.StatusUnauthorized && answer.Status != http.StatusForbidden
}

// nobody is a name that nobody has.
func nobody() string { return "medix-conform-" + strings.ToLower(rand.Text()) }

// errcode is the Matrix error of an answer, "" without one.
func errcode(a *federation.ProbeAnswer) string {
	var e struct {
		Code string `json:"errcode"`
	}
	if json.Unmarshal(a.Body, &e) != nil {
		return ""
	}
	return e.Code
}

// told is an answer in a few words.
func told(a *federation.ProbeAnswer) string {
	text := http.StatusText(a.Status)
	if code := errcode(a); code != "" {
		text = clip(code)
	}
	return strings.TrimSpace(strconv.Itoa(a.Status) + " " + text)
}

// clip bounds what is repeated of another server's words, and leaves out what a terminal would obey.
func clip(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(clean); len(runes) > 120 {
		return string(runes[:120]) + "…"
	}
	return clean
}

// unanswered says why there was no answer.
func unanswered(err error) finding {
	f := bad("%s", why(err))
	if errors.Is(err, netguard.ErrBlocked) {
		f.fix = "if the server is meant to be reached there, list its network in federation.allow_private of this node"
	}
	return f
}

// why says what an error means to an administrator.
func why(err error) string {
	var verification *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.Is(err, netguard.ErrBlocked):
		return "its address is in a network that this node does not call"
	case errors.As(err, &verification):
		return whyCertificate(verification.Err)
	case errors.As(err, &dns):
		return "the name " + clip(dns.Name) + " has no address"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time"
	}
	return clip(err.Error())
}

func whyCertificate(err error) string {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return "the certificate is not for this name: " + clip(name.Error())
	case errors.As(err, &authority):
		return "the certificate is from an authority that this node does not trust"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate is not valid at this time: " + clip(invalid.Error())
	}
	return clip(err.Error())
}
