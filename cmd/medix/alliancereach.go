package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"medixchange/alliance/reach"
)

type allianceReachCmd struct {
	Days int `arg:"--days" default:"30" help:"The period: 7, 30, 90 or 365 days, with today."`
}

// reachPatience is how long it is waited while the node asks all other members.
const reachPatience = 4 * time.Minute

// Run shows the reach.
func (a allianceReachCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var report reach.Report
	path := reach.PathReport + "?days=" + strconv.Itoa(a.Days)
	if err := client.Patient(reachPatience).Call(ctx, http.MethodGet, path, nil, &report); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(report)
	}
	return printReach(os.Stdout, report)
}

func printReach(out io.Writer, r reach.Report) error {
	fmt.Fprintf(out, "%d hospitals of %d countries are members. The last %d days, rounded.\n\n", r.Members, r.Countries, r.Days)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\tusers\tbusiest day\t7 days\t30 days\tshared rooms\tmessages\tlanguages")
	reachLine(w, "this hospital", r.Own.Figures)
	for _, h := range r.Hospitals {
		reachLine(w, h.LegalName+" ("+h.Country+")", h.Figures)
	}
	if r.Shared {
		for _, country := range r.ByCountry {
			if country.Answered > 0 {
				reachLine(w, fmt.Sprintf("%s: %d of %d", country.Country, country.Answered, country.Members), country.Figures)
			}
		}
		reachLine(w, fmt.Sprintf("total: %d of %d", len(r.Hospitals), r.Members), r.Total)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing the reach: %w", err)
	}
	roomsWith(out, r.Own.RoomsWith)
	if !r.Shared {
		fmt.Fprintln(out, "\nFigures are not exchanged with other members: alliance.reach.share is off.")
	}
	silent(out, r.Silent)
	return nil
}

func reachLine(w io.Writer, name string, f reach.Figures) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, f.Users, f.ActiveDay, f.ActiveWeek, f.ActiveMonth, f.Rooms, f.Messages,
		orDash(countsOf(f.Languages)))
}

// countsOf writes counts by name, the largest first.
func countsOf(counts map[string]reach.Count) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	parts := make([]string, 0, len(names))
	for _, name := range names {
		parts = append(parts, name+" "+counts[name].String())
	}
	return strings.Join(parts, ", ")
}

func roomsWith(out io.Writer, with map[string]reach.Count) {
	if len(with) > 0 {
		fmt.Fprintf(out, "\nRooms shared with %s\n", countsOf(with))
	}
}

func silent(out io.Writer, hospitals []reach.Silent) {
	if len(hospitals) == 0 {
		return
	}
	why := map[reach.State]string{reach.Closed: "does not share its figures", reach.NoAnswer: "did not answer"}
	fmt.Fprintf(out, "\nNothing is known of %d:\n", len(hospitals))
	for _, h := range hospitals {
		fmt.Fprintf(out, "  %s (%s, %s) %s\n", h.LegalName, h.ServerName, h.Country, why[h.Why])
	}
}
