// Package mailtest has a small mail server for tests.
//
// May import: nothing of the program. Start reading at mailtest.go.
package mailtest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Sink is a small mail server. All methods are safe for concurrent use.
type Sink struct {
	listen  net.Listener
	tls     *tls.Config
	roots   *x509.CertPool
	at      string // how it takes letters
	mu      sync.Mutex
	fails   int           // how many letters it refuses for now
	refuses string        // a receiver that is not known there
	held    chan struct{} // nobody is greeted before it is closed; nil: everybody is
	got     []string
	login   string
}

// New starts one that takes letters as at says: starttls, tls or none. It ends with the test.
func New(t testing.TB, at string) *Sink {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	own, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	p := &Sink{at: at, roots: x509.NewCertPool(), tls: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	p.roots.AddCert(own)
	p.listen, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { _ = p.listen.Close(); <-done })
	go func() {
		defer close(done)
		var serving sync.WaitGroup
		defer serving.Wait()
		for {
			conn, err := p.listen.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(conn) })
		}
	}()
	return p
}

func (p *Sink) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	p.mu.Lock()
	held, refuses := p.held, p.refuses
	p.mu.Unlock()
	if held != nil {
		<-held
	}
	secure := false
	if p.at == "tls" {
		conn, secure = tls.Server(conn, p.tls), true
	}
	lines := bufio.NewReader(conn)
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	say("220 post")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch word, rest, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(word) {
		case "EHLO":
			if p.at == "starttls" && !secure {
				say("250-post\r\n250 STARTTLS")
			} else {
				say("250-post\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			if p.at != "starttls" {
				say("502 not here")
				continue
			}
			say("220 go on")
			conn, secure = tls.Server(conn, p.tls), true
			lines = bufio.NewReader(conn)
		case "AUTH":
			p.mu.Lock()
			p.login = rest
			p.mu.Unlock()
			say("235 welcome")
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for line != ".\r\n" {
				if line, err = lines.ReadString('\n'); err != nil {
					return
				}
				text.WriteString(strings.TrimPrefix(line, "."))
			}
			say(p.take(text.String()))
		case "RCPT":
			if refuses != "" && strings.Contains(rest, refuses) {
				say("550 nobody here")
			} else {
				say("250 fine")
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (p *Sink) take(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails > 0 {
		p.fails--
		return "451 later"
	}
	p.got = append(p.got, strings.TrimSuffix(text, "\r\n"))
	return "250 taken"
}

// Letters are those that it took.
func (p *Sink) Letters() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.got...)
}

// Login is what was said to log in, "" if nobody did.
func (p *Sink) Login() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.login
}

// Fail has the next n letters refused for now.
func (p *Sink) Fail(n int) { p.change(func() { p.fails = n }) }

// Refuse has letters to one receiver refused for good.
func (p *Sink) Refuse(receiver string) { p.change(func() { p.refuses = receiver }) }

// Hold has nobody greeted who calls until release is called.
func (p *Sink) Hold() (release func()) {
	held := make(chan struct{})
	p.change(func() { p.held = held })
	return func() {
		p.change(func() { p.held = nil })
		close(held)
	}
}

func (p *Sink) change(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn()
}

// Address is where it listens.
func (p *Sink) Address() string { return p.listen.Addr().String() }

// Roots are those that its certificate comes from.
func (p *Sink) Roots() *x509.CertPool { return p.roots }
