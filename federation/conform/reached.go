package conform

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/federation"
)

func checkRules(_ context.Context, v *visit) finding {
	if !v.o.Allows(v.server) {
		return unknown("this node does not federate with it")
	}
	return good("this node federates with it")
}

func checkWellKnown(_ context.Context, v *visit) finding { return judgeWellKnown(v.location) }

func judgeWellKnown(l federation.Location) finding {
	file := l.WellKnown
	switch {
	case l.Direct:
		return good("not needed: the name itself says where the server is")
	case !file.Asked:
		return unknown("it was not asked for")
	case file.Status == http.StatusNotFound:
		return good("there is none: SRV records or port 8448 hold")
	case file.Status != 0 && file.Status != http.StatusOK:
		return bad("the host answers %d", file.Status)
	case noWebServer(file.Err):
		return good("the host has no web server: SRV records or port 8448 hold")
	case file.Err != nil:
		return bad("%s", why(file.Err))
	}
	return good("delegates to %s", clip(file.Server))
}

// noWebServer reports whether nothing can answer there, which the specification allows; what does answer has to be right.
func noWebServer(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) && dns.IsNotFound
}

func checkSRV(_ context.Context, v *visit) finding { return judgeSRV(v.location) }

func judgeSRV(l federation.Location) finding {
	switch l.Service {
	case "":
		return good("not needed")
	case "matrix":
		return bad("only records of the deprecated service _matrix._tcp are there")
	}
	return good("%d records", len(l.Places))
}

func checkConnect(_ context.Context, v *visit) finding {
	if v.unreached != nil {
		f := unanswered(v.unreached)
		f.found = clip(v.location.Places[0].Addr) + ": " + f.found
		return f
	}
	if len(v.silent) == 0 {
		return good("%s", v.place.Addr)
	}
	var quiet []string
	for _, addr := range slices.Sorted(maps.Keys(v.silent)) {
		quiet = append(quiet, clip(addr)+" ("+why(v.silent[addr])+")")
	}
	return bad("%d of %d addresses do not answer: %s", len(quiet), len(v.location.Places), strings.Join(quiet, ", "))
}

func checkCertificate(_ context.Context, v *visit) finding {
	var verification *tls.CertificateVerificationError
	if errors.As(v.unreached, &verification) {
		return bad("%s", whyCertificate(verification.Err))
	}
	if v.unreached != nil {
		return unknown("the server was not reached")
	}
	if v.version.TLS == nil || len(v.version.TLS.PeerCertificates) == 0 {
		return unknown("it was not shown")
	}
	return judgeCertificate(v.version.TLS.PeerCertificates[0], v.place.Name, v.o.Now())
}

// endOfLife is the part of a certificate's life in which it should have been renewed: a tenth, nine days of ninety.
const endOfLife = 10

func judgeCertificate(c *x509.Certificate, name string, now time.Time) finding {
	left, whole := c.NotAfter.Sub(now), c.NotAfter.Sub(c.NotBefore)
	until := c.NotAfter.UTC().Format("2006-01-02 15:04 MST")
	if left < whole/endOfLife {
		return bad("it ends at %s and was not renewed", until)
	}
	return good("for %s, until %s", name, until)
}

func checkTLS(_ context.Context, v *visit) finding {
	if v.version.TLS == nil {
		return unknown("the version was not shown")
	}
	if v.version.TLS.Version < tls.VersionTLS12 {
		return bad("%s", tls.VersionName(v.version.TLS.Version))
	}
	return good("%s", tls.VersionName(v.version.TLS.Version))
}

func checkVersion(_ context.Context, v *visit) finding {
	if v.version.Status != http.StatusOK {
		return bad("answered %s", told(v.version))
	}
	server := gjson.GetBytes(v.version.Body, "server")
	name, number := server.Get("name"), server.Get("version")
	if !gjson.ValidBytes(v.version.Body) || name.Type != gjson.String || name.Str == "" {
		return bad("the answer names no program")
	}
	return good("%s", strings.TrimSpace(clip(name.Str)+" "+clip(number.String())))
}
