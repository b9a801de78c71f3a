package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"medixchange/translator/bridge"
)

type translateReviewCmd struct {
	List    *reviewListCmd    `arg:"subcommand:list" help:"List the reports, newest first, without their texts."`
	Show    *reviewShowCmd    `arg:"subcommand:show" help:"Show a report with original and translation."`
	Resolve *reviewResolveCmd `arg:"subcommand:resolve" help:"Close a report."`
}

type reviewListCmd struct {
	Resolved bool `arg:"--resolved" help:"Those that are closed instead of those that are open."`
}

// Run lists reports.
func (l reviewListCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var list bridge.Reports
	path := bridge.PathReports + "?resolved=" + strconv.FormatBool(l.Resolved)
	if err := client.Call(ctx, http.MethodGet, path, nil, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list.Reports)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "REPORT\tWHEN\tPAIR\tENGINE\tVERDICT\tREPORTER\tEVENT")
	for _, r := range list.Reports {
		fmt.Fprintf(w, "%d\t%s\t%s-%s\t%s\t%s\t%s\t%s\n", r.ID, date(r.ReportedTS), cmp.Or(r.From, "?"), r.To, orDash(r.Engine), orDash(r.Verdict), r.Reporter, r.EventID)
	}
	return w.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

type reviewShowCmd struct {
	Report int64 `arg:"positional,required" help:"The number of the report."`
}

// Run shows a report.
func (s reviewShowCmd) Run(ctx context.Context, c *cli) error {
	return c.report(ctx, http.MethodGet, fmt.Sprintf("%s/%d", bridge.PathReports, s.Report), nil)
}

func (c *cli) report(ctx context.Context, method, path string, in any) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var r bridge.Report
	if err := client.Call(ctx, method, path, in, &r); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(r)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "report\t%d\nevent\t%s\nversion\t%s\nroom\t%s\n", r.ID, r.EventID, r.VersionID, r.RoomID)
	fmt.Fprintf(w, "reporter\t%s\nreported\t%s\nfrom\t%s\nto\t%s\n", r.Reporter, date(r.ReportedTS), r.From, r.To)
	fmt.Fprintf(w, "engine\t%s\nverdict\t%s\nreasons\t%v\n", orDash(r.Engine), orDash(r.Verdict), r.Reasons)
	fmt.Fprintf(w, "resolved\t%s\nresolution\t%s\n", date(r.ResolvedTS), orDash(r.Resolution))
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("\noriginal:\n%s\n\ntranslation:\n%s\n", orErased(r.Original, r.Unreadable), orErased(r.Translation, r.Unreadable))
	return nil
}

func orErased(text string, unreadable bool) string {
	if unreadable && text == "" {
		return "(sealed with a key that the node has not)"
	}
	if text == "" {
		return "(erased, or there was none)"
	}
	return text
}

type reviewResolveCmd struct {
	Report     int64  `arg:"positional,required" help:"The number of the report."`
	Resolution string `arg:"positional" help:"What was found, for those who read the list later."`
}

// Run closes a report.
func (r reviewResolveCmd) Run(ctx context.Context, c *cli) error {
	path := fmt.Sprintf("%s/%d/resolve", bridge.PathReports, r.Report)
	return c.report(ctx, http.MethodPost, path, bridge.Resolution{Resolution: r.Resolution})
}

type translateStatsCmd struct {
	Since time.Duration `arg:"--since" help:"How far back, such as 24h." default:"168h"`
}

// Run shows what became of messages.
func (s translateStatsCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var stats bridge.Stats
	if err := client.Call(ctx, http.MethodGet, bridge.PathStats+"?since="+s.Since.String(), nil, &stats); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(stats)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PAIR\tENGINE\tSTATE\tVERDICT\tREASON\tMESSAGES\tCRITICAL\tLATE")
	for _, s := range stats.Stats {
		fmt.Fprintf(w, "%s-%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\n", s.From, s.To, orDash(s.Engine), s.State, orDash(s.Verdict), orDash(s.Reason), s.Count, s.Dosed, s.Late)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("open reports: %d\n", stats.Reports)
	for _, pair := range stats.Doubtful {
		fmt.Printf("%s: more than one in twenty messages with a dose, drug, side or negation is doubted. Look at its engine and its checks.\n", pair)
	}
	return nil
}

type translateCacheCmd struct {
	Size  *cacheSizeCmd  `arg:"subcommand:size" help:"How much is kept."`
	Purge *cachePurgeCmd `arg:"subcommand:purge" help:"Forget the kept translations; they are made again when somebody reads that far back. Reports and the reading log stay."`
}

type cacheSizeCmd struct{}

// Run shows the size of the cache.
func (cacheSizeCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var size bridge.CacheSize
	if err := client.Call(ctx, http.MethodGet, bridge.PathCache, nil, &size); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(size)
	}
	fmt.Printf("translations %d\nbytes        %d\noldest       %s\n", size.Rows, size.Bytes, date(size.OldestTS))
	return nil
}

type cachePurgeCmd struct {
	DryRun bool `arg:"--dry-run" help:"Only say what would be forgotten."`
}

// Run purges the cache.
func (p cachePurgeCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var purged bridge.Purged
	if err := client.Call(ctx, http.MethodPost, bridge.PathCache+"/purge", bridge.Purge{DryRun: p.DryRun}, &purged); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(purged)
	}
	said := "forgotten:"
	if purged.DryRun {
		said = "would be forgotten:"
	}
	fmt.Printf("%s\nentries      %d\ntranslations %d\nbytes        %d\n", said, purged.Entries, purged.Renderings, purged.Bytes)
	return nil
}
