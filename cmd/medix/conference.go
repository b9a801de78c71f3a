package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"text/tabwriter"

	"medixchange/conference/rtc"
)

// conferenceCmd looks after conferences.
type conferenceCmd struct {
	Doctor *conferenceDoctorCmd `arg:"subcommand:doctor" help:"Try everything that a conference needs: discovery, tokens, signalling, UDP, TCP and the relay."`
}

type conferenceDoctorCmd struct {
	Peer string `arg:"--peer" placeholder:"SERVER" help:"Another hospital that is to try it from outside."`
}

var errUnsound = errors.New("conferences will not work for everybody; see above")

// Run has the running node examine itself. What is found wrong is an exit code of 1.
func (d conferenceDoctorCmd) Run(ctx context.Context, c *cli) error {
	var report rtc.DoctorReport
	if err := c.call(ctx, http.MethodPost, rtc.PathDoctor, rtc.DoctorRequest{Peer: d.Peer}, &report); err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(report); err != nil {
			return err
		}
	} else if err := printDoctor(report); err != nil {
		return err
	}
	if !report.OK {
		return errUnsound
	}
	return nil
}

func printDoctor(report rtc.DoctorReport) error {
	fmt.Println("SFU:", report.SFU)
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tFROM\tVERDICT\tTOOK\tFOUND")
	for _, v := range report.Verdicts {
		from, verdict, took := v.From, "good", ""
		if from == "" {
			from = "here"
		}
		if !v.OK {
			verdict = "BAD"
		}
		if v.MS > 0 {
			took = fmt.Sprintf("%d ms", v.MS)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v.Check, from, verdict, took, v.Found)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing the verdicts: %w", err)
	}
	for _, v := range report.Verdicts {
		if !v.OK && v.Fix != "" {
			fmt.Printf("\n%s: %s\n", v.Check, v.Fix)
		}
	}
	return nil
}
