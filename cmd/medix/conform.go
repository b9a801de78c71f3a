package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"medixchange/federation/conform"
)

// conformCmd has the running node examine another server.
type conformCmd struct {
	Server string   `arg:"positional,required" help:"The server's name, such as matrix.hospital-b.example."`
	Only   []string `arg:"--only,separate" placeholder:"CHECK" help:"Make these checks only, by the names in the report; again for each, or with commas."`
}

var errUnfit = errors.New("the server does not do everything well; see above")

// Run prints what the server does well and badly. What is bad is an exit code of 1.
func (f conformCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	asked := conform.Request{Server: f.Server, Only: splitCommas(f.Only)}
	var report conform.Report
	if err := client.Patient(conform.Limit+30*time.Second).Call(ctx, http.MethodPost, conform.Path, asked, &report); err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(report); err != nil {
			return err
		}
	} else if err := printConformity(report); err != nil {
		return err
	}
	if !report.OK {
		return errUnfit
	}
	return nil
}

func splitCommas(texts []string) []string {
	var all []string
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

func printConformity(report conform.Report) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tVERDICT\tFOUND")
	for _, v := range report.Verdicts {
		state := string(v.State)
		if v.State == conform.Bad {
			state = "BAD"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Check, state, v.Found)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing the verdicts: %w", err)
	}
	for _, v := range report.Verdicts {
		if v.State == conform.Bad {
			fmt.Printf("\n%s (%s): %s\n", v.Check, v.Section, v.Fix)
		}
	}
	fmt.Printf("\n%s: %d good, %d bad, %d unknown\n", report.Server, report.Good, report.Bad, report.Unknown)
	return nil
}
