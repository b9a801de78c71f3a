// Package mail writes to applicants and coordinators by e-mail, through the hospital's own mail server.
//
// A letter is stored together with what it tells of, and kept until the mail server has taken or refused it: it outlives a
// restart, and may arrive twice if the node ends just after the server took it. Nothing of a letter is in the log.
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
	"net/textproto"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/internal/sqldb"
)

// How letters are handed over.
const (
	StartTLS = "starttls"
	TLS      = "tls"
	Plain    = "none"
)

// Options is what a Sender is built from. Every field without "optional" must be set.
type Options struct {
	DB                 *sqldb.DB
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
	queued      = 1000
	atOnce      = 20 // letters that are read at once
	sendTimeout = time.Minute
	// The pause after a try that failed doubles from firstPause to longestPause, until the letter is older than kept.
	firstPause   = time.Minute
	longestPause = 4 * time.Hour
	kept         = 5 * 24 * time.Hour
	// looked is how often the table is looked at when nothing is due.
	looked = time.Hour
)

// errRefused means that the mail server will never take a letter.
var errRefused = errors.New("the mail server refuses the letter")

// Sender sends letters. All methods are safe for concurrent use.
type Sender struct {
	o     Options
	fresh chan struct{}
	pause time.Duration // the first
}

// New returns a sender; Run works it.
func New(o Options) *Sender {
	return &Sender{o: o, fresh: make(chan struct{}, 1), pause: firstPause}
}

// Post stores a letter together with what else tx holds.
func (s *Sender) Post(tx *sqldb.Tx, l Letter) error {
	stored, err := insert(tx, l, s.o.Now().UnixMilli())
	if err != nil {
		return err
	}
	if !stored {
		s.o.Log.Warn("a letter was dropped: too many wait for the mail server")
		return nil
	}
	tx.OnCommit(func() {
		select {
		case s.fresh <- struct{}{}:
		default:
		}
	})
	return nil
}

// Run sends what waits until ctx ends, whose error it returns.
func (s *Sender) Run(ctx context.Context) error {
	for {
		pause, err := s.round(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Log.WithError(err).Warn("letters wait")
			pause = s.pause
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.fresh:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// round tries the letters that are due and returns for how long nothing is to be done.
func (s *Sender) round(ctx context.Context) (time.Duration, error) {
	letters, err := s.due(ctx, s.o.Now().UnixMilli())
	if err != nil {
		return 0, err
	}
	for _, w := range letters {
		if err := s.deliver(ctx, w); err != nil {
			return 0, err
		}
	}
	next, err := s.nextDue(ctx)
	if err != nil || next == 0 {
		return looked, err
	}
	return min(max(time.UnixMilli(next).Sub(s.o.Now()), 0), looked), nil
}

// deliver tries a letter once.
func (s *Sender) deliver(ctx context.Context, w waiting) error {
	err := s.Send(ctx, w.Letter)
	now := s.o.Now()
	switch {
	case err == nil:
		return s.forget(ctx, w)
	case ctx.Err() != nil:
		return ctx.Err() // it is tried again by the next run
	case errors.Is(err, errRefused), errors.Is(err, ErrAddress), now.Sub(time.UnixMilli(w.createdTS)) > kept:
		s.o.Log.WithError(err).Warn("a letter could not be sent and is given up")
		return s.forget(ctx, w)
	}
	s.o.Log.WithError(err).Info("a letter could not be sent; it is tried again")
	pause := s.pause
	for range min(w.tries, 16) {
		pause = min(2*pause, longestPause)
	}
	return s.putOff(ctx, w, now.Add(pause).UnixMilli())
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
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	if err := s.logIn(client); err != nil {
		return err
	}
	if err := client.Mail(s.o.From); err != nil {
		return fmt.Errorf("naming the sender to the mail server: %w", err)
	}
	if err := client.Rcpt(l.To); err != nil {
		return fmt.Errorf("naming the receiver to the mail server: %w", forGood(err))
	}
	w, err := client.Data()
	if err != nil {
		return fmt.Errorf("sending a letter: %w", err)
	}
	_, err = w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("sending a letter: %w", forGood(err))
	}
	_ = client.Quit() // the letter is taken, whatever comes after
	return nil
}

// forGood marks an answer that means no later try will do (RFC 5321, 4.2.1).
func forGood(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 500 {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return err
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
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
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
