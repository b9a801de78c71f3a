package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"text/tabwriter"

	"medixchange/translator/bridge"
)

type translateReadingsCmd struct {
	Event string `arg:"positional,required" help:"The id of the message."`
	Text  bool   `arg:"--text" help:"Show also what was written and what was read."`
}

// Run says what each reader was shown of a message.
func (r translateReadingsCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var log bridge.Readings
	if err := client.Call(ctx, http.MethodGet, bridge.PathReadings+"?event_id="+url.QueryEscape(r.Event), nil, &log); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(log)
	}
	fmt.Printf("message %s by %s in %s\n", log.EventID, log.Sender, log.RoomID)
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "READER\tFIRST\tLATE\tMODE\tPUSHED\tPAIR\tENGINE\tGLOSSARY\tVERDICT\tREASONS\tVERSION")
	for _, g := range log.Readings {
		fmt.Fprintf(w, "%s\t%s\t%t\t%s\t%s\t%s-%s\t%s\t%d\t%s\t%v\t%s\n", g.UserID, date(g.FirstTS), g.Late, g.Mode, dateOrDash(g.PushedTS), g.From, g.To, orDash(g.Engine),
			g.Glossary, orDash(g.Verdict), g.Reasons, g.VersionID)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Println("Whoever is not in this list was given at most the original.")
	for _, g := range log.Gaps {
		fmt.Printf("From %s to %s readings may be missing: %s.\n", date(g.FromTS), date(g.UntilTS), g.Reason)
	}
	if r.Text {
		printTexts(log)
	}
	return nil
}

func printTexts(log bridge.Readings) {
	for _, v := range log.Versions {
		fmt.Printf("\noriginal %s, %s:\n%s\n", v.EventID, date(v.TS), orErased(v.Body, false))
	}
	for _, g := range log.Readings {
		fmt.Printf("\n%s read, %s:\n%s\n", g.UserID, date(g.FirstTS), orErased(g.Text, g.Unreadable))
	}
}

// dateOrDash is a time (ms), or a dash for none.
func dateOrDash(ts int64) string {
	if ts == 0 {
		return "-"
	}
	return date(ts)
}
