package mail

import (
	"context"
	"crypto/x509"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/alliance/mail/mailtest"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// post is a mail server with a sender to it.
type post struct {
	*mailtest.Sink
	t  *testing.T
	at string
}

func newPost(t *testing.T, at string) *post { return &post{mailtest.New(t, at), t, at} }

func (p *post) sender(change func(*Options)) *Sender {
	log := logrus.New()
	log.SetOutput(io.Discard)
	o := Options{DB: sqldbtest.New(p.t), Server: p.Address(), From: "alliance@a.example", TLS: p.at, Roots: p.Roots(), Now: time.Now, Log: logrus.NewEntry(log),
		Dial: (&net.Dialer{}).DialContext}
	if change != nil {
		change(&o)
	}
	return New(o)
}

var letter = Letter{To: "dsi@luc.example", Subject: "Votre demande : reçue", Text: "Bonjour,\n.\nЗаявка принята.\n"}

func TestALetterArrivesAsItWasWritten(t *testing.T) {
	for _, at := range []string{StartTLS, TLS, Plain} {
		p := newPost(t, at)
		s := p.sender(func(o *Options) {
			if at != Plain {
				o.Username, o.Password = "alliance", "secret"
			}
		})
		require.NoError(t, s.Send(t.Context(), letter), at)
		require.Len(t, p.Letters(), 1)
		got, err := netmail.ReadMessage(strings.NewReader(p.Letters()[0]))
		require.NoError(t, err)
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		require.NoError(t, err)
		require.Equal(t, letter.Subject, subject)
		require.Equal(t, "<dsi@luc.example>", got.Header.Get("To"))
		require.Equal(t, "auto-generated", got.Header.Get("Auto-Submitted"))
		text, err := io.ReadAll(quotedprintable.NewReader(got.Body))
		require.NoError(t, err)
		require.Equal(t, letter.Text, strings.ReplaceAll(string(text), "\r\n", "\n"))
		require.Equal(t, at != Plain, p.Login() != "")
	}
}

func TestNoPasswordGoesToAServerThatIsNotTheOneNamed(t *testing.T) {
	p := newPost(t, StartTLS)
	s := p.sender(func(o *Options) { o.Username, o.Password, o.Roots = "alliance", "secret", x509.NewCertPool() })
	require.Error(t, s.Send(t.Context(), letter))
	require.Empty(t, p.Login())
	plain := newPost(t, Plain) // it offers no STARTTLS
	require.Error(t, plain.sender(func(o *Options) { o.TLS, o.Username = StartTLS, "alliance" }).Send(t.Context(), letter))
	require.Empty(t, plain.Login())
	require.Empty(t, plain.Letters())
}

func TestAddressesCannotBringOtherLinesOrReceivers(t *testing.T) {
	p := newPost(t, Plain)
	s := p.sender(nil)
	for _, to := range []string{"", "dsi", "a@b.example, c@d.example", "X <a@b.example>", "a@b.example\r\nBcc: c@d.example", "a@b.example>\r\nDATA"} {
		require.ErrorIs(t, s.Send(t.Context(), Letter{To: to}), ErrAddress, to)
	}
	require.NoError(t, s.Send(t.Context(), Letter{To: "a@b.example", Subject: "one\r\nBcc: c@d.example", Text: "x"}))
	got, err := netmail.ReadMessage(strings.NewReader(p.Letters()[0]))
	require.NoError(t, err)
	require.Empty(t, got.Header.Get("Bcc"))
}

// posts stores letters.
func (p *post) posts(s *Sender, letters ...Letter) {
	require.NoError(p.t, s.o.DB.Write(p.t.Context(), func(tx *sqldb.Tx) error {
		for _, l := range letters {
			if err := s.Post(tx, l); err != nil {
				return err
			}
		}
		return nil
	}))
}

// runs has a sender work until the function that is returned is called.
func runs(t *testing.T, s *Sender) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	return func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

// left counts the letters that wait.
func left(t *testing.T, s *Sender) (n int) {
	require.NoError(t, s.o.DB.QueryRow(t.Context(), "SELECT COUNT(*) FROM alliance_letters").Scan(&n))
	return n
}

func TestAServerThatIsBusyIsAskedAgain(t *testing.T) {
	p := newPost(t, Plain)
	p.Fail(2)
	s := p.sender(nil)
	s.pause = time.Millisecond
	stop := runs(t, s)
	p.posts(s, letter)
	require.Eventually(t, func() bool { return left(t, s) == 0 }, 20*time.Second, time.Millisecond)
	require.Len(t, p.Letters(), 1)
	stop()
}

func TestALetterOutlivesTheNodeThatWroteIt(t *testing.T) {
	p := newPost(t, Plain)
	p.Fail(1)
	first := p.sender(nil)
	p.posts(first, letter, letter)
	_, err := first.round(t.Context())
	require.NoError(t, err)
	require.Len(t, p.Letters(), 1)
	require.Equal(t, 1, left(t, first))
	later := p.sender(func(o *Options) {
		o.DB, o.Now = first.o.DB, func() time.Time { return time.Now().Add(2 * firstPause) }
	})
	stop := runs(t, later)
	require.Eventually(t, func() bool { return left(t, later) == 0 }, 20*time.Second, time.Millisecond)
	require.Len(t, p.Letters(), 2)
	stop()
}

func TestPausesGrowAndALetterIsGivenUpAtLast(t *testing.T) {
	p := newPost(t, Plain)
	p.Fail(1000)
	now := time.Unix(1_700_000_000, 0)
	s := p.sender(func(o *Options) { o.Now = func() time.Time { return now } })
	p.posts(s, letter)
	var pauses []time.Duration
	for left(t, s) == 1 {
		_, err := s.round(t.Context())
		require.NoError(t, err)
		next, err := s.nextDue(t.Context())
		require.NoError(t, err)
		if next != 0 {
			pauses = append(pauses, time.UnixMilli(next).Sub(now))
			now = time.UnixMilli(next)
		}
		require.Less(t, len(pauses), 100)
	}
	require.Equal(t, []time.Duration{firstPause, 2 * firstPause, 4 * firstPause}, pauses[:3])
	require.Equal(t, longestPause, pauses[len(pauses)-1])
	require.Empty(t, p.Letters())
}

func TestALetterThatIsRefusedForGoodIsNotTriedAgain(t *testing.T) {
	p := newPost(t, Plain)
	p.Refuse("nobody@luc.example")
	s := p.sender(nil)
	p.posts(s, Letter{To: "nobody@luc.example", Subject: "x", Text: "x"}, Letter{To: "no address", Subject: "x", Text: "x"}, letter)
	_, err := s.round(t.Context())
	require.NoError(t, err)
	require.Zero(t, left(t, s))
	require.Len(t, p.Letters(), 1)
}

func TestLettersThatWaitHaveABound(t *testing.T) {
	s := newPost(t, Plain).sender(nil)
	many := make([]Letter, queued+5)
	for i := range many {
		many[i] = letter
	}
	(&post{t: t}).posts(s, many...)
	require.Equal(t, queued, left(t, s))
}
