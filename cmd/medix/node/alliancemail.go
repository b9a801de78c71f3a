package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"medixchange/alliance/desk"
	"medixchange/alliance/mail"
	"medixchange/alliance/pages"
	"medixchange/internal/netguard"
	"medixchange/internal/sqldb"
)

// buildMail builds what writes to applicants; nobody is written to where the configuration names no server.
func (n *Node) buildMail(o Options) error {
	m := n.Config.Alliance.Mail
	if m.Server == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(m.Server)
	if err != nil {
		return fmt.Errorf("alliance.mail.server: %w", err)
	}
	password := m.Password
	if m.PasswordFile != "" {
		text, err := os.ReadFile(m.PasswordFile)
		if err != nil {
			return fmt.Errorf("alliance.mail.password_file: %w", err)
		}
		password = strings.TrimSpace(string(text))
	}
	// The administrator names the server, which is in the hospital's own network as a rule.
	guard := netguard.New(netguard.Options{
		Policy: netguard.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}, Hosts: []string{host},
	})
	n.onClose(func(context.Context) error { guard.Close(); return nil })
	options := mail.Options{
		DB: n.DB, Server: m.Server, From: m.From, Username: m.Username, Password: password, TLS: m.TLS, Dial: guard.Dial, Now: o.Now, Log: n.part("mail"),
	}
	if n.Config.Federation.TrustedCA != "" {
		if options.Roots, err = netguard.LoadRoots(n.Config.Federation.TrustedCA); err != nil {
			return fmt.Errorf("federation.trusted_ca: %w", err)
		}
	}
	n.mailer = mail.New(options)
	return nil
}

// tellOf writes of an application. Before its domain is proven nobody is written to: anybody could have given that address.
func (n *Node) tellOf(tx *sqldb.Tx, a desk.Application) error {
	if n.mailer == nil || a.ProvenTS == 0 {
		return nil
	}
	alliance := n.Alliance.Charter().Alliance
	subject, text := pages.Letter(a, alliance)
	letters := []mail.Letter{{To: a.Email, Subject: subject, Text: text}}
	if a.State == desk.Proven {
		page := n.handbookDesk().base + pages.Root + "/review/application/" + a.ID
		for _, c := range n.Config.Alliance.Mail.Coordinators {
			subject, text = pages.LetterToCoordinator(a, alliance, c.Language, page)
			letters = append(letters, mail.Letter{To: c.To, Subject: subject, Text: text})
		}
	}
	for _, letter := range letters {
		if err := n.mailer.Post(tx, letter); err != nil {
			return err
		}
	}
	return nil
}
