package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"medixchange/alliance/desk"
)

type allianceReviewCmd struct {
	List    *deskListCmd    `arg:"subcommand:list" help:"List applications and the member list that waits for signatures."`
	Show    *deskShowCmd    `arg:"subcommand:show" help:"Show an application."`
	Papers  *deskPapersCmd  `arg:"subcommand:papers" help:"Write the papers of an application into a folder."`
	Accept  *deskAcceptCmd  `arg:"subcommand:accept" help:"Draft a member list with the applicant, for coordinators to sign."`
	Refuse  *deskRefuseCmd  `arg:"subcommand:refuse" help:"Refuse an application."`
	Suspend *deskMemberCmd  `arg:"subcommand:suspend" help:"Draft a member list with a member suspended."`
	Readmit *deskReadmitCmd `arg:"subcommand:readmit" help:"Draft a member list with a member admitted again."`
	Drop    *deskDropCmd    `arg:"subcommand:drop" help:"Drop a decision that is not published."`
	Draft   *deskDraftCmd   `arg:"subcommand:draft" help:"Write the member list that waits for signatures into a file."`
	HandIn  *deskHandInCmd  `arg:"subcommand:hand-in" help:"Hand in a signed copy; the list is published when enough have signed."`
	Redraft *deskRedraftCmd `arg:"subcommand:redraft" help:"Draft the decisions again, after another list was published."`
	Publish *deskPublishCmd `arg:"subcommand:publish" help:"Publish a list that has enough signatures, when that failed before."`
}

// wish is what decisions are given with.
type wish struct {
	Reason  string `arg:"--reason,required" help:"Why; it stands in the log, and the hospital reads it."`
	As      string `arg:"--as" help:"The coordinator for whom it is said."`
	Restart bool   `arg:"--restart" help:"Also if signatures that are there become void by it."`
}

func (w wish) wish(kind desk.Kind, server string) desk.Wish {
	return desk.Wish{Kind: kind, ServerName: server, Reason: w.Reason, As: w.As, Restart: w.Restart}
}

func applicationPath(id string) string { return desk.PathApplications + "/" + url.PathEscape(id) }

type deskListCmd struct {
	All bool `arg:"--all" help:"Also those that are decided."`
}

// Run lists what waits.
func (l deskListCmd) Run(ctx context.Context, c *cli) error {
	query := url.Values{}
	if !l.All {
		for _, state := range desk.Waiting() {
			query.Add("state", string(state))
		}
	}
	var answer struct {
		Applications []desk.Application `json:"applications"`
	}
	if err := c.call(ctx, http.MethodGet, desk.PathApplications+"?"+query.Encode(), nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(answer)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tSERVER\tCOUNTRY\tSENT\tNAME")
	for _, a := range answer.Applications {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.State, a.ServerName, a.Country, date(a.CreatedTS), a.LegalName)
	}
	return w.Flush()
}

type deskShowCmd struct {
	ID string `arg:"positional,required" help:"The application's id."`
}

// Run shows one application.
func (s deskShowCmd) Run(ctx context.Context, c *cli) error {
	var a desk.Dossier
	if err := c.call(ctx, http.MethodGet, applicationPath(s.ID), nil, &a); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, line := range [][2]string{
		{"state", string(a.State)}, {"name", a.LegalName}, {"server", a.ServerName}, {"country", a.Country}, {"kind", string(a.Kind)},
		{"contact", a.Contact}, {"e-mail", a.Email}, {"telephone", a.Phone}, {"languages", strings.Join(a.Languages, " ")},
		{"specialties", strings.ReplaceAll(a.Specialties, "\n", "; ")}, {"note", strings.ReplaceAll(a.Note, "\n", "; ")},
		{"proven by", string(a.ProvenBy)}, {"challenge", a.Challenge}, {"sent", date(a.CreatedTS)}, {"reason", a.Reason},
	} {
		fmt.Fprintf(w, "%s\t%s\n", line[0], orDash(line[1]))
	}
	for _, name := range a.Near {
		fmt.Fprintf(w, "differs little from\t%s\n", name)
	}
	for _, p := range a.Papers {
		fmt.Fprintf(w, "paper %d\t%s, %s, %d bytes\n", p.Number, p.Name, p.MediaType, p.Size)
	}
	return w.Flush()
}

type deskPapersCmd struct {
	ID  string `arg:"positional,required" help:"The application's id."`
	Out string `arg:"--out" help:"The folder; nothing in it is overwritten." default:"."`
}

// Run writes papers into files.
func (p deskPapersCmd) Run(ctx context.Context, c *cli) error {
	var a desk.Dossier
	if err := c.call(ctx, http.MethodGet, applicationPath(p.ID), nil, &a); err != nil {
		return err
	}
	for _, paper := range a.Papers {
		if err := c.call(ctx, http.MethodGet, fmt.Sprintf("%s/papers/%d", applicationPath(p.ID), paper.Number), nil, &paper); err != nil {
			return err
		}
		path := filepath.Join(p.Out, fmt.Sprintf("%s-%d-%s", a.ID, paper.Number, filepath.Base(paper.Name)))
		if err := writeNew(path, paper.Content); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}

type deskAcceptCmd struct {
	wish
	ID  string `arg:"positional,required" help:"The application's id."`
	Out string `arg:"--out" help:"Where to write the list that is to be signed." default:"members.json"`
}

// Run accepts an applicant.
func (a deskAcceptCmd) Run(ctx context.Context, c *cli) error {
	if err := c.call(ctx, http.MethodPost, applicationPath(a.ID)+"/accept", a.wish.wish("", ""), nil); err != nil {
		return err
	}
	return deskDraftCmd{Out: a.Out}.Run(ctx, c)
}

type deskRefuseCmd struct {
	wish
	ID string `arg:"positional,required" help:"The application's id."`
}

// Run refuses an applicant.
func (r deskRefuseCmd) Run(ctx context.Context, c *cli) error {
	return c.call(ctx, http.MethodPost, applicationPath(r.ID)+"/refuse", r.wish.wish("", ""), nil)
}

type deskMemberCmd struct {
	wish
	Server string `arg:"positional,required" help:"The server's name."`
	Out    string `arg:"--out" help:"Where to write the list that is to be signed." default:"members.json"`
}

// Run drafts a suspension.
func (m deskMemberCmd) Run(ctx context.Context, c *cli) error {
	return m.decide(ctx, c, desk.Suspend)
}

func (m deskMemberCmd) decide(ctx context.Context, c *cli, kind desk.Kind) error {
	if err := c.call(ctx, http.MethodPost, desk.PathDecisions, m.wish.wish(kind, m.Server), nil); err != nil {
		return err
	}
	return deskDraftCmd{Out: m.Out}.Run(ctx, c)
}

type deskReadmitCmd struct{ deskMemberCmd }

// Run drafts a readmission.
func (m deskReadmitCmd) Run(ctx context.Context, c *cli) error {
	return m.decide(ctx, c, desk.Readmit)
}

type deskDropCmd struct {
	wish
	Server string `arg:"positional,required" help:"The server's name."`
}

// Run drops a decision.
func (d deskDropCmd) Run(ctx context.Context, c *cli) error {
	return c.call(ctx, http.MethodPost, desk.PathDropped, d.wish.wish("", d.Server), nil)
}

type deskDraftCmd struct {
	Out string `arg:"--out" help:"Where to write it." default:"members.json"`
}

// Run writes the draft into a file and says what it changes.
func (d deskDraftCmd) Run(ctx context.Context, c *cli) error {
	var draft desk.Draft
	if err := c.call(ctx, http.MethodGet, desk.PathDraft, nil, &draft); err != nil {
		return err
	}
	var raw json.RawMessage
	if err := c.call(ctx, http.MethodGet, desk.PathDocument, nil, &raw); err != nil {
		return err
	}
	if !c.JSON {
		for _, change := range draft.Changes {
			fmt.Printf("%s\t%s\n", change.ServerName, change.What)
		}
		fmt.Printf("signed by %s, %d needed\n", orDash(strings.Join(draft.SignedBy, ", ")), draft.Needs)
	}
	return c.wrote(d.Out, raw)
}

type deskHandInCmd struct {
	File string `arg:"positional,required" help:"The copy with your signature."`
}

// Run hands in a signed copy.
func (h deskHandInCmd) Run(ctx context.Context, c *cli) error {
	raw, err := readDocument(h.File)
	if err != nil {
		return err
	}
	if !json.Valid(raw) {
		return fmt.Errorf("%s is not JSON", h.File)
	}
	var outcome desk.Outcome
	if err := c.call(ctx, http.MethodPost, desk.PathSignatures, json.RawMessage(raw), &outcome); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(outcome)
	}
	if outcome.Published {
		fmt.Println("published: the new member list holds")
		return nil
	}
	fmt.Printf("taken: signed by %s, %d needed\n", strings.Join(outcome.Draft.SignedBy, ", "), outcome.Draft.Needs)
	return nil
}

type deskRedraftCmd struct {
	Out string `arg:"--out" help:"Where to write it." default:"members.json"`
}

// Run drafts the pending decisions again.
func (r deskRedraftCmd) Run(ctx context.Context, c *cli) error {
	if err := c.call(ctx, http.MethodPost, desk.PathDraft, struct{}{}, nil); err != nil {
		return err
	}
	return deskDraftCmd(r).Run(ctx, c)
}

type deskPublishCmd struct{}

// Run publishes.
func (deskPublishCmd) Run(ctx context.Context, c *cli) error {
	return c.call(ctx, http.MethodPost, desk.PathPublish, struct{}{}, nil)
}
