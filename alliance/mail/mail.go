// Package mail writes to applicants and coordinators by e-mail, through the hospital's own mail server.
//
// Letters wait in a short queue in memory and are tried a few times; what they say stands on the pages, too. Nothing of a letter is
// in the log.
//
// May import: internal/*. Start reading at mail.go, then letter.go.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"time"

	"github.com/sirupsen/logrus"
)

// How letters are handed over.
const (
	StartTLS = "starttls"
	TLS      = "tls"
	Plain    = "none"
)

// Options is what a Sender is built from. Every field without "optional" must be set.
type Options struct {
	Server             string // host:port
	From               string
	Username, Password string // optional: no login
	TLS                string // StartTLS, TLS or Plain
	// Dial connects to the server, guarded.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Roots *x509.CertPool // optional: the system's
	Now   func() time.Time
	Log   *logrus.Entry
}

// Letter is what somebody is written.
type Letter struct {
	To      string // one address
	Subject string
	Text    string
}

const (
	// queued bounds the letters that wait; more are dropped, with a line in the log.
	queued      = 200
	sendTimeout = time.Minute
	tries       = 5
	firstPause  = 10 * time.Second
)

// Sender sends letters. All methods are safe for concurrent use.
type Sender struct {
	o     Options
	queue chan Letter
	pause time.Duration
}

// New returns a sender; Run works it.
func New(o Options) *Sender {
	return &Sender{o: o, queue: make(chan Letter, queued), pause: firstPause}
}

// Post puts a letter into the queue. It does not block.
func (s *Sender) Post(l Letter) {
	select {
	case s.queue <- l:
	default:
		s.o.Log.Warn("a letter was dropped: too many wait for the mail server")
	}
}

// Run sends what is in the queue until ctx ends, whose error it returns.
func (s *Sender) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l := <-s.queue:
			s.deliver(ctx, l)
		}
	}
}

// deliver tries a letter a few times.
func (s *Sender) deliver(ctx context.Context, l Letter) {
	pause := s.pause
	for try := 1; ; try++ {
		err := s.Send(ctx, l)
		if err == nil || ctx.Err() != nil {
			return
		}
		if try == tries {
			s.o.Log.WithError(err).Warn("a letter could not be sent and is given up")
			return
		}
		s.o.Log.WithError(err).Info("a letter could not be sent; it is tried again")
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause *= 3
	}
}

// Send hands a letter to the mail server.
func (s *Sender) Send(ctx context.Context, l Letter) error {
	text, err := s.compose(l)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	client, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if err := s.logIn(client); err != nil {
		return err
	}
	if err := client.Mail(s.o.From); err != nil {
		return fmt.Errorf("naming the sender to the mail server: %w", err)
	}
	if err := client.Rcpt(l.To); err != nil {
		return fmt.Errorf("naming the receiver to the mail server: %w", err)
	}
	w, err := client.Data()
	if err != nil {
		return fmt.Errorf("sending a letter: %w", err)
	}
	_, err = w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("sending a letter: %w", err)
	}
	return client.Quit()
}

// connect opens a connection whose deadline is that of ctx.
func (s *Sender) connect(ctx context.Context) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(s.o.Server)
	if err != nil {
		return nil, fmt.Errorf("the address of the mail server: %w", err)
	}
	conn, err := s.o.Dial(ctx, "tcp", s.o.Server)
	if err != nil {
		return nil, fmt.Errorf("calling the mail server: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(fmt.Errorf("calling the mail server: %w", err), conn.Close())
		}
	}
	secure := &tls.Config{ServerName: host, RootCAs: s.o.Roots, MinVersion: tls.VersionTLS12}
	if s.o.TLS == TLS {
		conn = tls.Client(conn, secure)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("greeting the mail server: %w", err), conn.Close())
	}
	if s.o.TLS == StartTLS {
		if err := client.StartTLS(secure); err != nil {
			return nil, errors.Join(fmt.Errorf("securing the connection to the mail server: %w", err), client.Close())
		}
	}
	return client, nil
}

func (s *Sender) logIn(client *smtp.Client) error {
	if s.o.Username == "" {
		return nil
	}
	host, _, _ := net.SplitHostPort(s.o.Server) // connect has split it
	if err := client.Auth(smtp.PlainAuth("", s.o.Username, s.o.Password, host)); err != nil {
		return fmt.Errorf("logging in to the mail server: %w", err)
	}
	return nil
}
