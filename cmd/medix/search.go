package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"medixchange/accounts/finder"
	"medixchange/admin"
)

// searchCmd looks after the index of messages.
type searchCmd struct {
	Status  *searchStatusCmd  `arg:"subcommand:status" help:"How far the running node's index of messages is."`
	Rebuild *searchRebuildCmd `arg:"subcommand:rebuild" help:"Remove the index and build it again from the messages, behind the traffic."`
}

type searchStatusCmd struct{}

// Run shows how far the index is.
func (searchStatusCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var s finder.Status
	if err := client.Call(ctx, http.MethodGet, finder.PathStatus, nil, &s); err != nil {
		return err
	}
	return c.printSearch(s)
}

func (c *cli) printSearch(s finder.Status) error {
	if c.JSON {
		return printJSON(s)
	}
	fmt.Println(progressOf(s))
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "INDEX\tTEXTS")
	for _, index := range s.Indexes {
		fmt.Fprintf(w, "%s\t%d\n", index.Name, index.Documents)
	}
	return w.Flush()
}

// progressOf says in a line how far the index is.
func progressOf(s finder.Status) string {
	switch {
	case s.Rebuilding:
		return "removing the old index"
	case s.Position >= s.Upto:
		return fmt.Sprintf("indexed up to position %d, nothing is missing", s.Position)
	}
	return fmt.Sprintf("indexed up to position %d of %d (%.1f %%)", s.Position, s.Upto, 100*float64(s.Position)/float64(s.Upto))
}

type searchRebuildCmd struct {
	NoWait bool `arg:"--no-wait" help:"Do not wait until it is done. The node goes on by itself in any case, also after a restart."`
}

// progressEvery is how often progress is told.
const progressEvery = time.Second

// Run has the index built again and tells how far it is.
func (r searchRebuildCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var s finder.Status
	if err := client.Call(ctx, http.MethodPost, finder.PathRebuild, nil, &s); err != nil {
		return err
	}
	if !r.NoWait {
		if s, err = awaitIndex(ctx, client, s); err != nil {
			return err
		}
	}
	return c.printSearch(s)
}

// awaitIndex waits until everything that was there at the beginning is indexed.
func awaitIndex(ctx context.Context, client *admin.Client, s finder.Status) (finder.Status, error) {
	goal := s.Upto
	for s.Rebuilding || s.Position < goal {
		fmt.Fprintln(os.Stderr, progressOf(s))
		select {
		case <-time.After(progressEvery):
		case <-ctx.Done():
			return s, ctx.Err()
		}
		s = finder.Status{}
		if err := client.Call(ctx, http.MethodGet, finder.PathStatus, nil, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}
