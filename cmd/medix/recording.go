package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"text/tabwriter"
	"time"

	"medixchange/conference/recording"
)

// recordingCmd looks after recordings of conferences.
type recordingCmd struct {
	List    *recordingListCmd    `arg:"subcommand:list" help:"Recordings that were made here, the newest first."`
	Show    *recordingShowCmd    `arg:"subcommand:show" help:"One recording, with its manifest."`
	Hold    *recordingHoldCmd    `arg:"subcommand:hold" help:"Put a recording on legal hold: it is not deleted until it is released."`
	Release *recordingReleaseCmd `arg:"subcommand:release" help:"End a legal hold."`
	Delete  *recordingDeleteCmd  `arg:"subcommand:delete" help:"Delete what a recording holds. That there was one, and who deleted it, stays."`
	Verify  *recordingVerifyCmd  `arg:"subcommand:verify" help:"Compare the files of a recording with their checksums."`
}

type recordingListCmd struct {
	Room string `arg:"--room" help:"Of this room only."`
}

// Run lists recordings.
func (l recordingListCmd) Run(ctx context.Context, c *cli) error {
	var list recording.List
	if err := c.call(ctx, http.MethodGet, recording.PathRecordings+"?room="+url.QueryEscape(l.Room), nil, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTARTED\tLENGTH\tMB\tSTATE\tHOLD\tROOM\tSLOT\tBY\tTITLE")
	for _, r := range list.Recordings {
		hold := "-"
		if r.HeldBy != "" {
			hold = r.HeldBy
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, date(r.StartedTS), time.Duration(r.Duration)*time.Millisecond,
			float64(r.Bytes)/(1<<20), r.State, hold, r.RoomID, r.SlotID, r.By, r.Title)
	}
	return w.Flush()
}

type recordingShowCmd struct {
	ID string `arg:"positional,required" help:"The id of the recording, as list prints it."`
}

// Run shows a recording.
func (s recordingShowCmd) Run(ctx context.Context, c *cli) error {
	var shown recording.Shown
	if err := c.call(ctx, http.MethodGet, recordingPath(s.ID, ""), nil, &shown); err != nil {
		return err
	}
	return printJSON(shown)
}

type recordingHoldCmd struct {
	ID     string `arg:"positional,required" help:"The id of the recording, as list prints it."`
	Reason string `arg:"--reason,required" help:"Why, such as the number of a case."`
}

// Run puts a recording on hold.
func (h recordingHoldCmd) Run(ctx context.Context, c *cli) error {
	return c.order(ctx, h.ID, "/hold", h.Reason)
}

type recordingReleaseCmd struct {
	ID string `arg:"positional,required" help:"The id of the recording, as list prints it."`
}

// Run ends a hold.
func (r recordingReleaseCmd) Run(ctx context.Context, c *cli) error {
	return c.order(ctx, r.ID, "/release", "")
}

type recordingDeleteCmd struct {
	ID     string `arg:"positional,required" help:"The id of the recording, as list prints it."`
	Reason string `arg:"--reason,required" help:"Why; it is kept with the tombstone."`
	DryRun bool   `arg:"--dry-run" help:"Say what would be deleted, and delete nothing."`
}

// Run deletes what a recording holds.
func (d recordingDeleteCmd) Run(ctx context.Context, c *cli) error {
	if !d.DryRun {
		return c.order(ctx, d.ID, "/delete", d.Reason)
	}
	var shown recording.Shown
	if err := c.call(ctx, http.MethodGet, recordingPath(d.ID, ""), nil, &shown); err != nil {
		return err
	}
	fmt.Printf("would delete %s: %.1f MB of %s, room %s\n", shown.ID, float64(shown.Bytes)/(1<<20), date(shown.StartedTS), shown.RoomID)
	return nil
}

type recordingVerifyCmd struct {
	ID string `arg:"positional,required" help:"The id of the recording, as list prints it."`
}

// Run compares the files of a recording with their checksums.
func (v recordingVerifyCmd) Run(ctx context.Context, c *cli) error {
	var found recording.Verified
	if err := c.call(ctx, http.MethodPost, recordingPath(v.ID, "/verify"), struct{}{}, &found); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(found)
	}
	if len(found.Wrong) > 0 {
		return fmt.Errorf("%d of %d files are not what was recorded: %v", len(found.Wrong), found.Files, found.Wrong)
	}
	fmt.Printf("%d files are as they were recorded\n", found.Files)
	return nil
}

func recordingPath(id, what string) string {
	return recording.PathRecordings + "/" + url.PathEscape(id) + what
}

// order has the node change something of a recording, in the name of who is logged in to this machine.
func (c *cli) order(ctx context.Context, id, what, reason string) error {
	by := "administrator"
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	return c.call(ctx, http.MethodPost, recordingPath(id, what), recording.Order{By: by, Reason: reason}, nil)
}
