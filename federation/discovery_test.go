package federation

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeNet answers SRV look-ups by "service host" and well-known files by host.
type fakeNet struct {
	srv       map[string][]*net.SRV
	wellKnown map[string]string
	header    http.Header
	asked     atomic.Int64
	looked    atomic.Int64
	hang      bool
}

func (f *fakeNet) LookupSRV(ctx context.Context, service, _, host string) (string, []*net.SRV, error) {
	f.looked.Add(1)
	if f.hang {
		<-ctx.Done()
		return "", nil, ctx.Err()
	}
	if records := f.srv[service+" "+host]; records != nil {
		return "", records, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (f *fakeNet) Do(req *http.Request) (*http.Response, error) {
	f.asked.Add(1)
	body, there := f.wellKnown[req.URL.Host]
	if !there {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	if body == "404" {
		return &http.Response{StatusCode: 404, Body: io.NopCloser(strings.NewReader(""))}, nil
	}
	return &http.Response{StatusCode: 200, Header: f.header.Clone(), Body: io.NopCloser(strings.NewReader(body))}, nil
}

type fakeClock struct{ ns atomic.Int64 }

func (c *fakeClock) now() time.Time { return time.Unix(1_700_000_000, c.ns.Load()) }

func (f *fakeNet) discovery(c *fakeClock) *discovery {
	return newDiscovery(newWellKnowns(f, c.now), f, c.now)
}

func TestDiscovery(t *testing.T) {
	srv := func(target string, port uint16) []*net.SRV { return []*net.SRV{{Target: target, Port: port}} }
	f := &fakeNet{
		wellKnown: map[string]string{
			"ip.example":        `{"m.server":"192.0.2.7"}`,
			"ipport.example":    `{"m.server":"[2001:db8::1]:4443"}`,
			"port.example":      `{"m.server":"matrix.port.example:4443"}`,
			"srv.example":       `{"m.server":"matrix.srv.example"}`,
			"plain.example":     `{"m.server":"matrix.plain.example"}`,
			"missing.example":   "404",
			"malformed.example": `{"m.server":"not a name"}`,
			"nojson.example":    `<html>`,
		},
		srv: map[string][]*net.SRV{
			"matrix-fed matrix.srv.example": srv("host1.example.", 4444),
			"matrix matrix.srv.example":     srv("wrong.example.", 1),
			"matrix-fed both.example":       srv("new.example.", 5001),
			"matrix both.example":           srv("old.example.", 5002),
			"matrix old.example":            srv("legacy.example.", 5003),
			"matrix-fed none.example":       srv(".", 0),
			"matrix-fed two.example":        {{Target: "one.two.example.", Port: 1}, {Target: "two.two.example.", Port: 2}},
		},
	}
	for server, want := range map[string][3]string{ // address, name in the certificate, Host
		"192.0.2.1":           {"192.0.2.1:8448", "192.0.2.1", "192.0.2.1"},
		"192.0.2.1:443":       {"192.0.2.1:443", "192.0.2.1", "192.0.2.1:443"},
		"[2001:db8::2]":       {"[2001:db8::2]:8448", "2001:db8::2", "[2001:db8::2]"},
		"[2001:db8::2]:80":    {"[2001:db8::2]:80", "2001:db8::2", "[2001:db8::2]:80"},
		"host.example:4321":   {"host.example:4321", "host.example", "host.example:4321"},
		"ip.example":          {"192.0.2.7:8448", "192.0.2.7", "192.0.2.7"},
		"ipport.example":      {"[2001:db8::1]:4443", "2001:db8::1", "[2001:db8::1]:4443"},
		"port.example":        {"matrix.port.example:4443", "matrix.port.example", "matrix.port.example:4443"},
		"srv.example":         {"host1.example:4444", "matrix.srv.example", "matrix.srv.example"},
		"plain.example":       {"matrix.plain.example:8448", "matrix.plain.example", "matrix.plain.example"},
		"both.example":        {"new.example:5001", "both.example", "both.example"},
		"old.example":         {"legacy.example:5003", "old.example", "old.example"},
		"missing.example":     {"missing.example:8448", "missing.example", "missing.example"},
		"malformed.example":   {"malformed.example:8448", "malformed.example", "malformed.example"},
		"nojson.example":      {"nojson.example:8448", "nojson.example", "nojson.example"},
		"none.example":        {"none.example:8448", "none.example", "none.example"},
		"nothing.example":     {"nothing.example:8448", "nothing.example", "nothing.example"},
		"hospital-a.internal": {"hospital-a.internal:8448", "hospital-a.internal", "hospital-a.internal"},
	} {
		targets, err := f.discovery(&fakeClock{}).find(t.Context(), server)
		require.NoError(t, err, server)
		got := [3]string{targets[0].Addr, targets[0].TLSServerName, targets[0].host}
		require.Equal(t, want, got, server)
	}
	targets, err := f.discovery(&fakeClock{}).find(t.Context(), "two.example")
	require.NoError(t, err)
	require.Len(t, targets, 2)
	for _, bad := range []string{"", "a b", "a/b", "host:99999999", "user@host", "[::1", "host:"} {
		_, err := f.discovery(&fakeClock{}).find(t.Context(), bad)
		require.ErrorIs(t, err, errServerName, bad)
	}
}

func TestDiscoveryIsCached(t *testing.T) {
	clock := &fakeClock{}
	f := &fakeNet{wellKnown: map[string]string{"a.example": `{"m.server":"b.example:1"}`}, header: http.Header{"Cache-Control": {"max-age=3600"}}}
	d := f.discovery(clock)
	find := func(server, addr string, asked, looked int64) {
		t.Helper()
		targets, err := d.find(t.Context(), server)
		require.NoError(t, err)
		require.Equal(t, addr, targets[0].Addr)
		require.Equal(t, [2]int64{asked, looked}, [2]int64{f.asked.Load(), f.looked.Load()})
	}
	find("a.example", "b.example:1", 1, 0)
	clock.ns.Store(int64(59 * time.Minute))
	find("a.example", "b.example:1", 1, 0)
	clock.ns.Store(int64(61 * time.Minute))
	find("a.example", "b.example:1", 2, 0)

	f.asked.Store(0)
	find("none.example", "none.example:8448", 1, 2)
	find("none.example", "none.example:8448", 1, 2)
	clock.ns.Add(int64(wellKnownFailFirst + time.Second))
	find("none.example", "none.example:8448", 2, 4)
	clock.ns.Add(int64(wellKnownFailFirst + time.Second))
	find("none.example", "none.example:8448", 2, 4) // the pause has doubled

	d.failed("none.example")
	find("none.example", "none.example:8448", 2, 6)
	d.failed("none.example") // looked for just now
	find("none.example", "none.example:8448", 2, 6)
}

func TestDiscoveryWithoutDNSFallsThrough(t *testing.T) {
	f := &fakeNet{}
	began := time.Now()
	_, err := f.discovery(&fakeClock{}).find(t.Context(), "hospital.internal")
	require.NoError(t, err)
	require.Less(t, time.Since(began), 10*time.Second)

	f.hang = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.discovery(&fakeClock{}).find(ctx, "slow.internal")
	require.ErrorIs(t, err, context.Canceled, "who does not wait is let go")
}

func TestWellKnownLifetime(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for name, tc := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"default":     {http.Header{}, wellKnownDefault},
		"max-age":     {http.Header{"Cache-Control": {"public, max-age=7200"}}, 2 * time.Hour},
		"too long":    {http.Header{"Cache-Control": {"max-age=99999999999"}}, wellKnownDefault},
		"very long":   {http.Header{"Cache-Control": {"max-age=999999"}}, wellKnownLongest},
		"too short":   {http.Header{"Cache-Control": {"max-age=1"}}, wellKnownShortest},
		"negative":    {http.Header{"Cache-Control": {"max-age=-5"}}, wellKnownShortest},
		"no-store":    {http.Header{"Cache-Control": {"no-store"}}, wellKnownShortest},
		"expires":     {http.Header{"Expires": {now.Add(time.Hour).UTC().Format(http.TimeFormat)}}, time.Hour},
		"over expiry": {http.Header{"Expires": {now.Add(time.Hour).UTC().Format(http.TimeFormat)}, "Cache-Control": {"max-age=7200"}}, 2 * time.Hour},
	} {
		if name == "too long" {
			tc.want = wellKnownLongest
		}
		require.Equal(t, tc.want, wellKnownLifetime(tc.header, now), name)
	}
}

func FuzzParseWellKnown(f *testing.F) {
	f.Add([]byte(`{"m.server":"a.example:443"}`))
	f.Add([]byte(`{"m.server":["x"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		server, err := parseWellKnown(body)
		if err == nil && !validServerName(server) {
			t.Fatal(errors.New("an invalid name was taken"))
		}
	})
}
