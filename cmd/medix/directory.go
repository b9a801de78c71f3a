package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"

	"medixchange/alliance/directory"
)

type directoryCmd struct {
	Set    *directorySetCmd    `arg:"subcommand:set" help:"Put a user into the directory who has agreed to it, or change what it says."`
	List   *directoryListCmd   `arg:"subcommand:list" help:"List who of this hospital agreed to be in the directory, verified or not."`
	Verify *directoryVerifyCmd `arg:"subcommand:verify" help:"Say that name, role and specialty of an entry are true. It holds until one of them changes."`
	Search *directorySearchCmd `arg:"subcommand:search" help:"Search the clinicians of all member hospitals."`
	Export *directoryExportCmd `arg:"subcommand:export" help:"Write the verified clinicians as a FHIR R4 Bundle."`
	Card   *directoryCardCmd   `arg:"subcommand:card" help:"Write the contact card of a user with its QR code, as PNG or SVG."`
	Duty   *directoryDutyCmd   `arg:"subcommand:duty" help:"Accounts such as \"ICU on call\": make one, say who may be on duty, and who is."`
}

type directorySetCmd struct {
	User      string   `arg:"positional,required" help:"The user id, such as @ana:hospital.example."`
	Agreed    bool     `arg:"--agreed" help:"The user has agreed to be found by all members of the alliance."`
	Withdraw  bool     `arg:"--withdraw" help:"Take the user out."`
	Name      string   `arg:"--name" help:"The name in full."`
	Role      string   `arg:"--role" help:"Such as consultant."`
	Specialty string   `arg:"--specialty" help:"A code of the list, or its name in any language."`
	Languages []string `arg:"--language,separate" help:"A language that the user speaks, such as es; once for each."`
	OnDuty    bool     `arg:"--on-duty" help:"The user is on duty now."`
}

// Run sets an entry.
func (s directorySetCmd) Run(ctx context.Context, c *cli) error {
	if s.Agreed == s.Withdraw {
		return errors.New("nobody is in the directory without having agreed: say --agreed, or --withdraw")
	}
	req := directory.SetRequest{UserID: s.User}
	if s.Agreed {
		specialty := directory.FindSpecialty(s.Specialty)
		if specialty == "" {
			return fmt.Errorf("--specialty: it must be one of %s", strings.Join(directory.Specialties(), ", "))
		}
		req.Entry = directory.Entry{Listed: true, Name: s.Name, Role: s.Role, Specialty: specialty, Languages: s.Languages, OnDuty: s.OnDuty}
	}
	var now directory.Standing
	if err := c.call(ctx, http.MethodPut, directory.PathEntries, req, &now); err != nil {
		return err
	}
	return c.standings(now)
}

type directoryListCmd struct{}

// Run lists the entries of this hospital.
func (directoryListCmd) Run(ctx context.Context, c *cli) error {
	var answer struct {
		Entries []directory.Standing `json:"entries"`
	}
	if err := c.call(ctx, http.MethodGet, directory.PathEntries, nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(answer.Entries)
	}
	return c.standings(answer.Entries...)
}

func (c *cli) standings(all ...directory.Standing) error {
	if c.JSON {
		return printJSON(all[0])
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, s := range all {
		if !s.Listed {
			fmt.Fprintf(w, "%s\tnot listed\n", s.UserID)
			continue
		}
		verified := "not verified"
		if s.Verified {
			verified = "verified by " + s.VerifiedBy + " on " + date(s.VerifiedTS)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.UserID, s.Name, orDash(s.Role), s.Specialty, orDash(strings.Join(s.Languages, " ")), verified)
	}
	return w.Flush()
}

type directoryVerifyCmd struct {
	User string `arg:"positional,required" help:"The user id."`
	By   string `arg:"--by" help:"Who says so; the name of your account on this machine when left out."`
	Undo bool   `arg:"--undo" help:"Take the verification back."`
}

// Run verifies an entry.
func (v directoryVerifyCmd) Run(ctx context.Context, c *cli) error {
	if v.By == "" {
		account, err := user.Current()
		if err != nil {
			return errors.New("say with --by who verifies")
		}
		v.By = account.Username
	}
	var now directory.Standing
	if err := c.call(ctx, http.MethodPost, directory.PathVerify, directory.VerifyRequest{UserID: v.User, By: v.By, Undo: v.Undo}, &now); err != nil {
		return err
	}
	return c.standings(now)
}

type directorySearchCmd struct {
	Text []string `arg:"positional,required" help:"Specialty, language, country, name, in any language; a + first: on duty now."`
}

// Run searches.
func (s directorySearchCmd) Run(ctx context.Context, c *cli) error {
	var found directory.Found
	path := directory.PathSearch + "?q=" + url.QueryEscape(strings.Join(s.Text, " "))
	if err := c.call(ctx, http.MethodGet, path, nil, &found); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(found)
	}
	for _, p := range found.People {
		duty := ""
		if p.OnDuty {
			duty = "\ton duty"
		}
		fmt.Printf("%s\t%s%s\n", p.UserID, p.Line("en"), duty)
	}
	if found.More {
		fmt.Fprintln(os.Stderr, "there are more")
	}
	if found.Waiting {
		fmt.Fprintln(os.Stderr, "some hospitals have not answered yet")
	}
	return nil
}

type directoryExportCmd struct {
	Out string `arg:"--out" help:"The file; standard output when left out."`
}

// Run exports the bundle.
func (e directoryExportCmd) Run(ctx context.Context, c *cli) error {
	var bundle map[string]any
	if err := c.call(ctx, http.MethodGet, directory.PathBundle, nil, &bundle); err != nil {
		return err
	}
	if e.Out == "" {
		return printJSON(bundle)
	}
	return writeJSON(e.Out, bundle)
}

type directoryCardCmd struct {
	User string `arg:"positional,required" help:"The user id."`
	Out  string `arg:"--out,required" help:"The file, which ends in .png or .svg."`
}

// Run writes a card.
func (d directoryCardCmd) Run(ctx context.Context, c *cli) error {
	format := "png"
	switch {
	case strings.HasSuffix(d.Out, ".svg"):
		format = "svg"
	case !strings.HasSuffix(d.Out, ".png"):
		return errors.New("--out must end in .png or .svg")
	}
	var card directory.CardAnswer
	query := url.Values{"user": {d.User}, "format": {format}}
	if err := c.call(ctx, http.MethodGet, directory.PathCard+"?"+query.Encode(), nil, &card); err != nil {
		return err
	}
	if err := os.WriteFile(d.Out, card.Picture, 0o644); err != nil {
		return fmt.Errorf("writing the card: %w", err)
	}
	if c.JSON {
		card.Picture = nil
		return printJSON(card.Card)
	}
	fmt.Printf("%s\n%s\n", card.Line, card.Link)
	return nil
}

type directoryDutyCmd struct {
	Function  string   `arg:"positional" help:"The user name of the account, such as icu-oncall; all are listed when left out."`
	Name      string   `arg:"--name" help:"Make or change the account: its name."`
	Specialty string   `arg:"--specialty" help:"Its specialty, by code or name."`
	Fallback  string   `arg:"--fallback" help:"What to do when nobody is on duty, such as a telephone number."`
	May       []string `arg:"--may,separate" help:"A user who may be on duty; once for each."`
	On        string   `arg:"--on" help:"Who is on duty from now on."`
	Off       bool     `arg:"--off" help:"Nobody is on duty from now on."`
}

// Run makes, changes or shows function accounts.
func (d directoryDutyCmd) Run(ctx context.Context, c *cli) error {
	var answer struct {
		Functions []directory.Function `json:"functions"`
	}
	switch {
	case d.Function == "":
		if err := c.call(ctx, http.MethodGet, directory.PathFunction, nil, &answer); err != nil {
			return err
		}
	case d.On != "" || d.Off:
		if d.On != "" && d.Off {
			return errors.New("--on and --off exclude each other")
		}
		req := directory.ShiftRequest{Localpart: d.Function, UserID: d.On}
		if err := c.call(ctx, http.MethodPost, directory.PathShift, req, &answer); err != nil {
			return err
		}
	default:
		f := directory.Function{Localpart: d.Function, Name: d.Name, Specialty: directory.FindSpecialty(d.Specialty), Fallback: d.Fallback, May: d.May}
		if err := c.call(ctx, http.MethodPut, directory.PathFunction, f, &answer); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(answer.Functions)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, f := range answer.Functions {
		fmt.Fprintf(w, "%s\t%s\t%s\ton duty: %s\t%s\n", f.UserID, f.Name, f.Specialty, orDash(f.OnDuty), date(f.SinceTS))
	}
	return w.Flush()
}
