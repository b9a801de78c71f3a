package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"text/tabwriter"

	"medixchange/alliance"
)

type alliancePublishCmd struct {
	File string `arg:"positional,required" help:"A charter or member list that enough coordinators have signed."`
}

// Run hands a document to the running node.
func (p alliancePublishCmd) Run(ctx context.Context, c *cli) error {
	raw, err := readDocument(p.File)
	if err != nil {
		return err
	}
	if !json.Valid(raw) {
		return fmt.Errorf("%s is not JSON", p.File)
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	var taken alliance.Taken
	if err := client.Call(ctx, http.MethodPost, alliance.PathDocuments, json.RawMessage(raw), &taken); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(taken)
	}
	if !taken.Changed {
		fmt.Println("the node had it already")
		return nil
	}
	fmt.Printf("taken: charter %d, member list %d\n", taken.Head.Charter, taken.Head.Serial)
	return nil
}

type allianceFetchCmd struct{}

// Run has the node ask its peers.
func (allianceFetchCmd) Run(ctx context.Context, c *cli) error {
	return c.standing(ctx, http.MethodPost, alliance.PathPoll)
}

type allianceStatusCmd struct{}

// Run shows how the node stands.
func (allianceStatusCmd) Run(ctx context.Context, c *cli) error {
	return c.standing(ctx, http.MethodGet, alliance.PathStatus)
}

func (c *cli) standing(ctx context.Context, method, path string) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var s alliance.Standing
	if err := client.Call(ctx, method, path, nil, &s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s)
	}
	own := "admitted"
	if s.Self != "" {
		own = string(s.Self)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "alliance\t%s, mode %s\n", s.Alliance, s.Mode)
	fmt.Fprintf(w, "charter\t%d\t%s\n", s.Charter, s.CharterHash)
	fmt.Fprintf(w, "member list\t%d, until %s\t%s\n", s.Serial, date(s.ExpiresTS), s.MembersHash)
	fmt.Fprintf(w, "members\t%d of %d countries, %d suspended\n", s.Hospitals, s.Countries, s.Suspended)
	fmt.Fprintf(w, "this server\t%s\n", own)
	return w.Flush()
}

type allianceAuditCmd struct {
	After int64 `arg:"--after" help:"Only lines after this one."`
}

// Run shows the log. A log that was tampered with makes it fail.
func (a allianceAuditCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	for after := a.After; ; {
		var page alliance.AuditPage
		if err := client.Call(ctx, http.MethodGet, alliance.PathAudit+"?after="+strconv.FormatInt(after, 10), nil, &page); err != nil {
			return err
		}
		for _, e := range page.Entries {
			if c.JSON {
				line, err := json.Marshal(e)
				if err != nil {
					return fmt.Errorf("printing a line: %w", err)
				}
				fmt.Println(string(line))
			} else {
				fmt.Printf("%d\t%s\t%s\t%s\t%s\t%s\n", e.ID, date(e.TS), e.Actor, e.Action, e.Subject, e.Detail)
			}
			after = e.ID
		}
		if page.Broken {
			return errors.New("the line after this was changed or removed: the log was tampered with")
		}
		if len(page.Entries) == 0 {
			return nil
		}
	}
}
