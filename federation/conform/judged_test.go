package conform

import (
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/federation"
)

func TestHowAServerIsFoundIsJudged(t *testing.T) {
	file := func(status int, server string, err error) federation.Location {
		return federation.Location{WellKnown: federation.WellKnownFile{Asked: true, Status: status, Server: server, Err: err}}
	}
	silent := file(0, "", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	silent.Service = "matrix-fed"
	for name, c := range map[string]struct {
		location federation.Location
		file     State
		srv      State
	}{
		"the name has a port":      {federation.Location{Direct: true}, Good, Good},
		"it delegates":             {file(200, "matrix.peer.example:443", nil), Good, Good},
		"there is none":            {file(404, "", nil), Good, Good},
		"its certificate is wrong": {file(0, "", x509.UnknownAuthorityError{}), Bad, Good},
		"the host is broken":       {file(500, "", nil), Bad, Good},
		"the file is no JSON":      {file(200, "", errors.New("no JSON")), Bad, Good},
		"redirects have no end":    {file(0, "", errors.New("more than 5 redirects")), Bad, Good},
		"no web server":            {silent, Good, Good},
		"only deprecated records":  {federation.Location{Service: "matrix", WellKnown: federation.WellKnownFile{Asked: true, Status: 404}}, Good, Bad},
	} {
		require.Equal(t, c.file, judgeWellKnown(c.location).state, name)
		require.Equal(t, c.srv, judgeSRV(c.location).state, name)
	}
}

func TestACertificateNearItsEndIsFound(t *testing.T) {
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &x509.Certificate{NotBefore: made, NotAfter: made.Add(90 * 24 * time.Hour)}
	require.Equal(t, Good, judgeCertificate(c, "peer.example", made.Add(80*24*time.Hour)).state)
	require.Equal(t, Bad, judgeCertificate(c, "peer.example", made.Add(82*24*time.Hour)).state)
	require.Equal(t, Bad, judgeCertificate(c, "peer.example", made.Add(100*24*time.Hour)).state)
}

func TestCertificatesThatDoNotHoldAreExplained(t *testing.T) {
	for text, err := range map[string]error{
		"not for this name": x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"other.example"}}, Host: "peer.example"},
		"authority":         x509.UnknownAuthorityError{},
		"not valid at this": x509.CertificateInvalidError{Reason: x509.Expired},
	} {
		require.Contains(t, whyCertificate(err), text)
	}
}

func TestClocksAreComparedAtTheMiddleOfTheQuestion(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for date, want := range map[string]State{
		now.Format(http.TimeFormat):                        Good,
		now.Add(-20 * time.Second).Format(http.TimeFormat): Good,
		now.Add(-5 * time.Minute).Format(http.TimeFormat):  Bad,
		now.Add(5 * time.Minute).Format(http.TimeFormat):   Bad,
		"": Unknown,
		now.Add(-20*time.Second).Format(http.TimeFormat) + " junk": Unknown,
	} {
		a := &federation.ProbeAnswer{Header: http.Header{"Date": {date}}, At: now, Took: time.Second}
		require.Equal(t, want, judgeClock(a).state, date)
	}
}

func TestSlowAnswersAreFoundByTheMiddleOne(t *testing.T) {
	require.Equal(t, Good, judgeTimes([]time.Duration{time.Second, time.Second, time.Minute}).state)
	require.Equal(t, Bad, judgeTimes([]time.Duration{time.Second, 10 * time.Second, 10 * time.Second}).state)
	require.Equal(t, Unknown, judgeTimes(nil).state)
}
