package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"medixchange/handbook"
	"medixchange/handbook/bundle"
	"medixchange/handbook/editions"
	"medixchange/handbook/updates"
	"medixchange/internal/config"
	"medixchange/internal/signing"
)

// handbookEditions are the verbs about editions: which are kept, which is shown, and those of other hospitals.
type handbookEditions struct {
	Bundle   *handbookBundleCmd   `arg:"subcommand:bundle" help:"Make one signed file of an edition, with a key of the editors or of the server."`
	Verify   *handbookVerifyCmd   `arg:"subcommand:verify" help:"Say what a bundle holds, and whether who signed it is trusted."`
	Install  *handbookInstallCmd  `arg:"subcommand:install" help:"Give a bundle to the running node. It is not shown before it is activated."`
	Activate *handbookActivateCmd `arg:"subcommand:activate" help:"Show an edition that the running node keeps."`
	Rollback *handbookRollbackCmd `arg:"subcommand:rollback" help:"Show the edition again that was shown before."`
	Pin      *handbookPinCmd      `arg:"subcommand:pin" help:"Let nothing take the place of an edition by itself."`
	List     *handbookListCmd     `arg:"subcommand:list" help:"List the editions that the running node keeps."`
	Publish  *handbookPublishCmd  `arg:"subcommand:publish" help:"Give an edition to other hospitals, and announce it."`
	Fetch    *handbookFetchCmd    `arg:"subcommand:fetch" help:"Ask a publisher for its newest edition now."`
}

// maxBundleFile bounds the bundles that are read from disk.
const maxBundleFile = bundle.MaxBytes

func readBundle(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxBundleFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(raw) > maxBundleFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, maxBundleFile>>20)
	}
	return raw, nil
}

type handbookBundleCmd struct {
	handbookFolder
	Out       string `arg:"positional,required" help:"The file to write."`
	Publisher string `arg:"--publisher,required" help:"The server name of the hospital that publishes it."`
	Serial    int64  `arg:"--serial,required" help:"Its number among the publisher's editions; it must rise."`
	Key       string `arg:"--key,required" help:"The key file: of an editor, as medix alliance keygen makes it, or of the server."`
}

// Run makes a bundle without a node. It never overwrites a file.
func (b handbookBundleCmd) Run(c *cli) error {
	key, err := signing.LoadKey(b.Key)
	if err != nil {
		return err
	}
	files, closeFiles, err := handbook.Open(b.Dir)
	if err != nil {
		return err
	}
	defer closeFiles()
	raw, m, err := bundle.Write(files, bundle.Signing{Publisher: b.Publisher, Key: key, Serial: b.Serial, TS: time.Now().UnixMilli()})
	if err != nil {
		return err
	}
	if err := writeNew(b.Out, raw); err != nil {
		return err
	}
	return c.printManifest(m)
}

func (c *cli) printManifest(m *bundle.Manifest) error {
	if c.JSON {
		return printJSON(m)
	}
	fmt.Printf("%s, edition %s of %s\nnumber %d of %s, signed %s\nmark %s, %d files in %s\n", m.Book, m.Edition, m.Date,
		m.Serial, m.Publisher, date(m.SignedTS), m.Mark, len(m.Files), strings.Join(m.Languages, " "))
	return nil
}

type handbookVerifyCmd struct {
	File string `arg:"positional,required" help:"The bundle."`
	Key  string `arg:"--key" help:"Verify with this key, ed25519:ID BASE64, instead of asking the running node whom it trusts."`
}

// Run verifies a bundle.
func (v handbookVerifyCmd) Run(ctx context.Context, c *cli) error {
	raw, err := readBundle(v.File)
	if err != nil {
		return err
	}
	if v.Key != "" {
		id, key, err := config.ParsePublicKey(v.Key)
		if err != nil {
			return err
		}
		b, err := bundle.Read(bytes.NewReader(raw), func(m *bundle.Manifest) error { return m.VerifyBy(id, key) })
		if err != nil {
			return err
		}
		return c.printManifest(b.Manifest)
	}
	var m bundle.Manifest
	if err := c.ask(ctx, updates.PathVerify, updates.File{Bundle: raw}, &m); err != nil {
		return err
	}
	return c.printManifest(&m)
}

// ask calls the running node.
func (c *cli) ask(ctx context.Context, path string, in, out any) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Call(ctx, http.MethodPost, path, in, out)
}

type handbookInstallCmd struct {
	File string `arg:"positional,required" help:"The bundle."`
}

// Run hands a bundle in.
func (i handbookInstallCmd) Run(ctx context.Context, c *cli) error {
	raw, err := readBundle(i.File)
	if err != nil {
		return err
	}
	var out updates.Outcome
	if err := c.ask(ctx, updates.PathInstall, updates.File{Bundle: raw}, &out); err != nil {
		return err
	}
	return c.printOutcome(out)
}

func (c *cli) printOutcome(out updates.Outcome) error {
	switch e := out.Edition; {
	case c.JSON:
		return printJSON(out)
	case e.Current:
		fmt.Printf("edition %s is shown already\n", e.Name)
	case out.Activated:
		fmt.Printf("edition %s (%s) is shown now\n", e.Name, e.Mark)
	default:
		if out.Staged != "" {
			fmt.Println(out.Staged)
		}
		fmt.Printf("edition %s is here; show it with: medix handbook activate %s\n", e.Name, e.Mark[:8])
	}
	return nil
}

// handbookDecision says who decided; the node keeps it with what is shown.
type handbookDecision struct {
	By string `arg:"--by" default:"administrator" help:"Who decided that."`
}

type handbookActivateCmd struct {
	handbookDecision
	Mark string `arg:"positional,required" help:"The mark of the edition, or the beginning of it."`
}

// Run shows an edition.
func (a handbookActivateCmd) Run(ctx context.Context, c *cli) error {
	return c.decide(ctx, updates.PathActivate, updates.Choice{Mark: a.Mark, By: a.By}, "edition %s (%s) is shown now\n")
}

type handbookRollbackCmd struct{ handbookDecision }

// Run shows the edition before.
func (r handbookRollbackCmd) Run(ctx context.Context, c *cli) error {
	return c.decide(ctx, updates.PathRollback, updates.Choice{By: r.By}, "edition %s (%s) is shown again\n")
}

func (c *cli) decide(ctx context.Context, path string, in any, said string) error {
	var e editions.Edition
	if err := c.ask(ctx, path, in, &e); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e)
	}
	fmt.Printf(said, e.Name, e.Mark)
	return nil
}

type handbookPinCmd struct {
	Mark string `arg:"positional" help:"The mark of the edition, or the beginning of it; without it, the one that is shown."`
	Off  bool   `arg:"--off" help:"End it."`
}

// Run pins an edition.
func (p handbookPinCmd) Run(ctx context.Context, c *cli) error {
	said := "edition %s (%s) is pinned\n"
	if p.Off {
		said = "edition %s (%s) is not pinned\n"
	}
	return c.decide(ctx, updates.PathPin, updates.Pinning{Mark: p.Mark, Pinned: !p.Off}, said)
}

type handbookListCmd struct{}

// Run lists what is kept.
func (handbookListCmd) Run(ctx context.Context, c *cli) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var all []editions.Edition
	if err := client.Call(ctx, http.MethodGet, updates.PathEditions, nil, &all); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(all)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\tMARK\tEDITION\tDATE\tBY\tFROM\tHERE SINCE")
	for _, e := range all {
		state := ""
		if e.Current {
			state = "shown"
		}
		if e.Pinned {
			state = strings.TrimSpace(state + " pinned")
		}
		publisher := "-"
		if e.Origin.Publisher != "" {
			publisher = fmt.Sprintf("%s no. %d", e.Origin.Publisher, e.Origin.Serial)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", state, e.Mark[:8], e.Name, e.Date, publisher,
			strings.TrimSpace(string(e.Origin.Kind)+" "+e.Origin.From), date(e.InstalledTS))
	}
	return w.Flush()
}

type handbookPublishCmd struct {
	File string `arg:"positional" help:"A bundle that the hospital's editors signed; without it, the node signs an edition with its own key."`
	Mark string `arg:"--mark" help:"Which edition, by its mark; without it, the one that is shown."`
	Out  string `arg:"--out" help:"Write the bundle to this file too."`
}

// Run publishes an edition.
func (p handbookPublishCmd) Run(ctx context.Context, c *cli) error {
	in := updates.Publication{Mark: p.Mark, Want: p.Out != ""}
	if p.File != "" {
		if p.Mark != "" {
			return errors.New("name a bundle or a mark, not both")
		}
		var err error
		if in.Bundle, err = readBundle(p.File); err != nil {
			return err
		}
	}
	var out updates.Published
	if err := c.ask(ctx, updates.PathPublish, in, &out); err != nil {
		return err
	}
	if p.Out != "" {
		if err := writeNew(p.Out, out.Bundle); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(out.Head)
	}
	fmt.Printf("edition %s is published as number %d (%s, %d bytes)\n", out.Head.Edition, out.Head.Serial, out.Head.Mark, out.Head.Size)
	return nil
}

type handbookFetchCmd struct {
	Server string `arg:"positional,required" help:"The publisher, one of handbook.updates.trusted."`
}

// Run has the node ask a publisher.
func (f handbookFetchCmd) Run(ctx context.Context, c *cli) error {
	var out updates.Outcome
	if err := c.ask(ctx, updates.PathFetch, updates.Source{Server: f.Server}, &out); err != nil {
		return err
	}
	return c.printOutcome(out)
}
