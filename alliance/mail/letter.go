package mail

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"time"
)

// ErrAddress means that an address cannot stand in a letter.
var ErrAddress = errors.New("not one address of e-mail")

// compose writes a letter as it is sent (RFC 5322).
func (s *Sender) compose(l Letter) ([]byte, error) {
	from, err := bare(s.o.From)
	if err != nil {
		return nil, fmt.Errorf("the sender: %w", err)
	}
	to, err := bare(l.To)
	if err != nil {
		return nil, fmt.Errorf("the receiver: %w", err)
	}
	var b bytes.Buffer
	domain := from[strings.LastIndexByte(from, '@')+1:]
	for _, header := range [][2]string{
		{"From", (&netmail.Address{Address: from}).String()},
		{"To", (&netmail.Address{Address: to}).String()},
		{"Subject", mime.QEncoding.Encode("utf-8", strings.Join(strings.Fields(l.Subject), " "))},
		{"Date", s.o.Now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + rand.Text() + "@" + domain + ">"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
		{"Auto-Submitted", "auto-generated"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", header[0], header[1])
	}
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	_, err = body.Write([]byte(strings.ReplaceAll(l.Text, "\r\n", "\n")))
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("writing a letter: %w", err)
	}
	return b.Bytes(), nil
}

// bare lets one address without a name in, which holds nothing that could begin another line or receiver.
func bare(address string) (string, error) {
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address || strings.ContainsAny(address, "\r\n<>,") {
		return "", ErrAddress
	}
	return address, nil
}
