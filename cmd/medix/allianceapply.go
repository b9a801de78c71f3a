package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"text/tabwriter"

	"medixchange/alliance/applicant"
	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
	"medixchange/internal/config"
)

type allianceApplyCmd struct {
	To          string   `arg:"--to,required" help:"The address of a coordinators' node, such as https://matrix.coordinator.example."`
	State       bool     `arg:"--state" help:"Only ask how far the application is."`
	LegalName   string   `arg:"--name" help:"The hospital's legal name; this and the rest as alliance.hospital says when left out."`
	Country     string   `arg:"--country" help:"Its country, as a code such as ES."`
	Kind        string   `arg:"--kind" help:"hospital, clinic, university, laboratory, public_health or other."`
	Contact     string   `arg:"--contact" help:"A person and their office."`
	Email       string   `arg:"--email" help:"Their address of e-mail."`
	Phone       string   `arg:"--phone" help:"Their telephone."`
	Languages   []string `arg:"--language,separate" help:"A language that is spoken there, such as es."`
	Specialties string   `arg:"--specialties" help:"The hospital's specialties."`
	Note        string   `arg:"--note" help:"What else the coordinators should know."`
	Papers      []string `arg:"--paper,separate" help:"A file to go with it: PDF, JPEG or PNG."`
}

// Run has the running node apply, prove its domain, and say how far the application is.
func (a allianceApplyCmd) Run(ctx context.Context, c *cli) error {
	var status applicant.Status
	if a.State {
		if err := c.call(ctx, http.MethodGet, applicant.PathOwn+"?"+url.Values{"to": {a.To}}.Encode(), nil, &status); err != nil {
			return err
		}
		return a.tell(c, status)
	}
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	request, err := a.request(cfg.Alliance.Hospital)
	if err != nil {
		return err
	}
	if err := c.call(ctx, http.MethodPost, applicant.PathOwn, request, &status); err != nil {
		return err
	}
	return a.tell(c, status)
}

// request takes what was given, and the rest from the configuration.
func (a allianceApplyCmd) request(h config.AllianceHospital) (applicant.Request, error) {
	or := func(given, configured string) string {
		if given != "" {
			return given
		}
		return configured
	}
	r := applicant.Request{To: a.To, Form: desk.Form{
		LegalName: or(a.LegalName, h.LegalName), Country: or(a.Country, h.Country), Kind: signed.Kind(or(a.Kind, h.Kind)),
		Contact: or(a.Contact, h.Contact), Email: or(a.Email, h.Email), Phone: or(a.Phone, h.Phone), Languages: h.Languages,
		Specialties: or(a.Specialties, h.Specialties), Note: a.Note,
	}}
	if len(a.Languages) > 0 {
		r.Languages = a.Languages
	}
	for _, path := range a.Papers {
		content, err := os.ReadFile(path)
		if err != nil {
			return r, fmt.Errorf("reading a paper: %w", err)
		}
		r.Papers = append(r.Papers, desk.Paper{Name: filepath.Base(path), Content: content})
	}
	return r, nil
}

func (a allianceApplyCmd) tell(c *cli, s applicant.Status) error {
	if c.JSON {
		return printJSON(s)
	}
	if len(s.Faults) > 0 {
		for _, fault := range s.Faults {
			fmt.Printf("%s %s\n", fault.Field, fault.Text)
		}
		return errors.New("the application was not taken")
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, line := range [][2]string{
		{"application", s.ID}, {"state", string(s.State)}, {"domain proven by", string(s.ProvenBy)}, {"missing", s.Trouble},
		{"reason", s.Reason}, {"its page", s.Link},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
		}
	}
	return w.Flush()
}
