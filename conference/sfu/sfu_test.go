package sfu

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func quietLog() *logrus.Entry {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return logrus.NewEntry(l)
}

func embedded(t testing.TB, change func(*Options)) *SFU {
	t.Helper()
	o := Options{
		Config:    config.SFU{Mode: config.SFUEmbedded, PublicIP: "203.0.113.7", UDPPort: 7882, TCPPort: 7881, MaxParticipants: 10, MaxConnections: 10},
		ClientURL: "https://matrix.a.example", DataDir: t.TempDir(), Now: func() time.Time { return noon }, Log: quietLog(),
		Program: func() (string, error) { return "", os.ErrNotExist },
	}
	if change != nil {
		change(&o)
	}
	s, err := New(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestKeysAreMadeOnceAndForNobodyElse(t *testing.T) {
	dir := t.TempDir()
	first, err := loadOrCreateKeys(dir)
	require.NoError(t, err)
	again, err := loadOrCreateKeys(dir)
	require.NoError(t, err)
	require.Equal(t, first, again)
	info, err := os.Stat(filepath.Join(dir, keysFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(filepath.Join(dir, keysFile), []byte(`{"key":"x"}`), 0o600))
	_, err = loadOrCreateKeys(dir)
	require.ErrorContains(t, err, "damaged")
}

func TestNoServerOfOthersIsEverNamedToParticipants(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		want   []string
	}{
		"nothing":  {nil, []string{"203.0.113.7:7882"}},
		"own STUN": {func(o *Options) { o.Config.STUN = []string{"stun.a.example:3478"} }, []string{"stun.a.example:3478"}},
		"own relay": {func(o *Options) {
			o.Turns = []Turn{{Host: "203.0.113.8", Port: 3478, Protocol: "udp", Secret: "s"}, {Host: "203.0.113.8", Port: 3478, Protocol: "tcp", Secret: "s"}}
		}, []string{"203.0.113.8:3478"}},
		"relay over TLS alone": {func(o *Options) { o.Turns = []Turn{{Host: "turn.a.example", Port: 5349, Protocol: "tls"}} }, []string{"203.0.113.7:7882"}},
	} {
		conf := embedded(t, c.change).childConfig(1)
		rtc := conf["rtc"].(object)
		require.Equal(t, c.want, rtc["stun_servers"], name)
		require.Equal(t, object{"includes": []string{"203.0.113.7/32"}}, rtc["ips"], name)
		require.Equal(t, []string{"127.0.0.1"}, conf["bind_addresses"], name)
		require.Equal(t, false, conf["room"].(object)["auto_create"], name)
	}
}

func TestTokensEndAfterAQuarterOfAnHourAndAreOurs(t *testing.T) {
	now := noon
	s := embedded(t, func(o *Options) { o.Now = func() time.Time { return now } })
	token, err := s.Token(Grant{Room: "r", Identity: "i", Subscribe: true, TTL: 24 * time.Hour})
	require.NoError(t, err)
	c, err := s.verify(token)
	require.NoError(t, err)
	require.Equal(t, "i", c.Subject)
	require.Equal(t, 15*time.Minute, c.Expiry.Time().Sub(c.NotBefore.Time()))
	now = noon.Add(17 * time.Minute)
	_, err = s.verify(token)
	require.Error(t, err)

	other := embedded(t, nil)
	foreign, err := other.Token(Grant{Room: "r", Identity: "i"})
	require.NoError(t, err)
	_, err = s.verify(foreign)
	require.Error(t, err)
	none := "eyJhbGciOiJub25lIn0." + strings.Split(token, ".")[1] + "."
	_, err = s.verify(none)
	require.Error(t, err)
	_, err = s.Token(Grant{Room: "r"})
	require.Error(t, err)
}

// reportTo posts a report, signed over sum.
func reportTo(t *testing.T, s *SFU, body, signedBody string) int {
	t.Helper()
	sum := sha256.Sum256([]byte(signedBody))
	token, err := s.sign(claims{SHA256: base64.StdEncoding.EncodeToString(sum[:])}, time.Minute)
	require.NoError(t, err)
	req := httptest.NewRequest(http.MethodPost, WebhookPath, strings.NewReader(body))
	req.Header.Set("Authorization", token)
	w := httptest.NewRecorder()
	s.Webhooks().ServeHTTP(w, req)
	return w.Code
}

func TestReportsAreTakenOnceAndAsTheyWereSigned(t *testing.T) {
	s := embedded(t, nil)
	heard := make(chan WebhookEvent, 4)
	s.Subscribe(func(e WebhookEvent) { heard <- e })
	go s.events.run(t.Context())
	body := `{"event":"track_published","id":"EV_1","room":{"name":"r"},"participant":{"identity":"i"},"track":{"sid":"TR_1","type":"VIDEO","source":"CAMERA"}}`
	require.Equal(t, http.StatusUnauthorized, reportTo(t, s, body, body+" "))
	require.Equal(t, http.StatusOK, reportTo(t, s, body, body))
	require.Equal(t, http.StatusOK, reportTo(t, s, body, body), "our answer was lost")
	last := strings.Replace(body, "EV_1", "EV_2", 1)
	require.Equal(t, http.StatusOK, reportTo(t, s, last, last))
	first := <-heard
	require.Equal(t, WebhookEvent{Event: TrackPublished, ID: "EV_1", Room: "r", Identity: "i", Track: &Track{SID: "TR_1", Kind: "video", Source: Camera}}, first)
	require.Equal(t, "EV_2", (<-heard).ID)
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte(`{"event":"participant_joined","room":{"name":"r"},"participant":{"identity":"i"}}`))
	f.Add([]byte(`{"track":{"type":3}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := parseReport(body)
		if err == nil && !json.Valid(body) {
			t.Fatalf("taken although it is not JSON: %+v", event)
		}
	})
}

func TestWhoWaitsForAnSFUThatCannotBeStartedIsToldWhy(t *testing.T) {
	s := embedded(t, nil)
	go func() { _ = s.Run(t.Context()) }()
	for s.child.port() == 0 {
		if _, _, fault := s.child.state(); fault != nil {
			break
		}
		select {
		case s.child.wake <- struct{}{}:
		case <-time.After(time.Millisecond):
		}
	}
	_, _, fault := s.child.state()
	require.ErrorIs(t, fault, os.ErrNotExist)
	require.Empty(t, s.LocalURL())
	people, err := s.Participants(t.Context(), "r")
	require.NoError(t, err)
	require.Empty(t, people)
	require.NoError(t, s.Remove(t.Context(), "r", "i"), "nobody is there")
}
