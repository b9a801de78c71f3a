package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"medixchange/alliance"
	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
)

// drafting is what all verbs share that write the next member list.
type drafting struct {
	Charter string        `arg:"--charter" help:"The charter that holds; asked of the running node when left out."`
	From    string        `arg:"--from" help:"The member list before; asked of the running node when left out, none for the first."`
	First   bool          `arg:"--first" help:"There is no member list before."`
	Lasts   time.Duration `arg:"--lasts" help:"How long the list holds." default:"2160h"`
	As      string        `arg:"--as" help:"Sign it at once as this coordinator."`
	Key     string        `arg:"--key" help:"The coordinator's key file."`
	Secret  string        `arg:"--passphrase-file" help:"The file with the key's passphrase; asked for when left out."`
	Out     string        `arg:"--out" help:"Where to write it." default:"members.json"`
}

// write makes the next list, with a change.
func (d drafting) write(ctx context.Context, c *cli, change func(*signed.MemberList, *signed.Charter) error) error {
	if (d.As == "") != (d.Key == "") {
		return fmt.Errorf("--as and --key belong together")
	}
	charter, before, err := d.basis(ctx, c)
	if err != nil {
		return err
	}
	next := before.Next(charter, time.Now(), d.Lasts)
	if err := change(next, charter); err != nil {
		return err
	}
	raw, err := next.Draft()
	if err != nil {
		return err
	}
	if d.As != "" {
		if raw, err = signWith(raw, d.As, d.Key, d.Secret); err != nil {
			return err
		}
	}
	return c.wrote(d.Out, raw)
}

func (d drafting) basis(ctx context.Context, c *cli) (*signed.Charter, *signed.MemberList, error) {
	charter, err := d.charter(ctx, c)
	if err != nil || d.First {
		return charter, nil, err
	}
	raw, err := c.document(ctx, d.From, alliance.PathMembers)
	if err != nil {
		return nil, nil, err
	}
	before, err := signed.ReadMembers(raw)
	return charter, before, err
}

func (d drafting) charter(ctx context.Context, c *cli) (*signed.Charter, error) {
	raw, err := c.document(ctx, d.Charter, alliance.PathCharter)
	if err != nil {
		return nil, err
	}
	return signed.ReadCharter(raw)
}

// document reads from a file or, without one, from the running node.
func (c *cli) document(ctx context.Context, file, path string) ([]byte, error) {
	if file != "" {
		return readDocument(file)
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	var raw json.RawMessage
	err = client.Call(ctx, http.MethodGet, path, nil, &raw)
	return raw, err
}

type allianceAdmitCmd struct {
	drafting
	Server    string   `arg:"positional,required" help:"The server's name."`
	Name      string   `arg:"--name,required" help:"The hospital's legal name."`
	Country   string   `arg:"--country,required" help:"Its country, as a code such as ES."`
	Kind      string   `arg:"--kind" help:"hospital, clinic, university, laboratory, public_health or other." default:"hospital"`
	Languages []string `arg:"--language,separate" help:"A language that is spoken there, such as es."`
	Keys      []string `arg:"--server-key,separate" help:"The fingerprint of a signing key of the server; any key counts without."`
	Alike     bool     `arg:"--alike" help:"Admit it although its name is read like that of a member, or mixes scripts."`
}

// Run drafts an admission.
func (a allianceAdmitCmd) Run(ctx context.Context, c *cli) error {
	return a.write(ctx, c, func(list *signed.MemberList, charter *signed.Charter) error {
		if err := charter.CheckServerName(a.Server); err != nil {
			return err
		}
		if err := a.checkAmong(list.Hospitals, charter.Rehearsal); err != nil {
			return err
		}
		list.Put(signed.Hospital{
			ServerName: a.Server, LegalName: a.Name, Country: a.Country, Kind: signed.Kind(a.Kind), Status: signed.Admitted,
			Languages: a.Languages, Keys: a.Keys, JoinedTS: time.Now().UnixMilli(),
		})
		return nil
	})
}

// checkAmong refuses a name that is in the list, and one that is taken for another. In a rehearsal all members are on few
// machines and differ by their ports.
func (a allianceAdmitCmd) checkAmong(members []signed.Hospital, rehearsal bool) error {
	watchful := !a.Alike && !rehearsal
	if watchful && desk.MixedScripts(a.Server) {
		return fmt.Errorf("%s mixes letters of several scripts; --alike admits it all the same", a.Server)
	}
	for _, there := range members {
		switch {
		case there.ServerName == a.Server:
			return fmt.Errorf("%s is in the list already, %s; use readmit or suspend", a.Server, there.Status)
		case watchful && desk.LookAlike(there.ServerName, a.Server):
			return fmt.Errorf("%s is read like %s, which is in the list; --alike admits it all the same", a.Server, there.ServerName)
		}
	}
	return nil
}

type allianceSuspendCmd struct {
	drafting
	Server string `arg:"positional,required" help:"The server's name."`
	Reason string `arg:"--reason,required" help:"Why, for all members to read."`
}

// Run drafts a suspension.
func (s allianceSuspendCmd) Run(ctx context.Context, c *cli) error {
	return s.write(ctx, c, func(list *signed.MemberList, _ *signed.Charter) error {
		return list.SetStatus(s.Server, signed.Suspended, s.Reason)
	})
}

type allianceReadmitCmd struct {
	drafting
	Server string `arg:"positional,required" help:"The server's name."`
}

// Run drafts a readmission.
func (r allianceReadmitCmd) Run(ctx context.Context, c *cli) error {
	return r.write(ctx, c, func(list *signed.MemberList, _ *signed.Charter) error {
		return list.SetStatus(r.Server, signed.Admitted, "")
	})
}

type allianceRenewCmd struct{ drafting }

// Run drafts the same list with a later end.
func (r allianceRenewCmd) Run(ctx context.Context, c *cli) error {
	return r.write(ctx, c, func(*signed.MemberList, *signed.Charter) error { return nil })
}

type allianceListCmd struct {
	File string `arg:"positional" help:"A member list; asked of the running node when left out."`
}

// Run lists members.
func (l allianceListCmd) Run(ctx context.Context, c *cli) error {
	raw, err := c.document(ctx, l.File, alliance.PathMembers)
	if err != nil {
		return err
	}
	list, err := signed.ReadMembers(raw)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list.Hospitals)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SERVER\tSTATUS\tCOUNTRY\tKIND\tLANGUAGES\tJOINED\tNAME")
	for _, h := range list.Hospitals {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.ServerName, h.Status, h.Country, h.Kind, orDash(strings.Join(h.Languages, " ")), date(h.JoinedTS), h.LegalName)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("serial %d of %s by charter %d, until %s\n", list.Serial, list.Alliance, list.Charter, date(list.ExpiresTS))
	return nil
}

type allianceDiffCmd struct {
	Before string `arg:"positional,required" help:"The older member list."`
	After  string `arg:"positional,required" help:"The newer one."`
}

// Run says what differs.
func (d allianceDiffCmd) Run(c *cli) error {
	var lists [2]*signed.MemberList
	for i, file := range []string{d.Before, d.After} {
		raw, err := readDocument(file)
		if err != nil {
			return err
		}
		if lists[i], err = signed.ReadMembers(raw); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	changes := signed.Diff(lists[0], lists[1])
	if c.JSON {
		return printJSON(changes)
	}
	for _, change := range changes {
		fmt.Printf("%s\t%s\n", change.ServerName, change.What)
	}
	return nil
}
