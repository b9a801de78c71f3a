package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"medixchange/translator/approvals"
)

type translatePhrasesCmd struct {
	List     *phrasesListCmd     `arg:"subcommand:list" help:"List the phrases of a language and what reviewers say of them."`
	Approve  *phrasesApproveCmd  `arg:"subcommand:approve" help:"Approve phrases in a language, as their words are now."`
	Withdraw *phrasesWithdrawCmd `arg:"subcommand:withdraw" help:"Take approvals back."`
	Export   *phrasesExportCmd   `arg:"subcommand:export" help:"Write the phrases of a language as CSV for reviewers, or the whole history."`
}

type phrasesListCmd struct {
	Language string `arg:"--language,required" help:"The language, such as es. Both languages of a translation have to be approved."`
	State    string `arg:"--state" help:"Only those that are unreviewed, approved, withdrawn or changed (other words were approved)."`
}

// Run lists phrases.
func (l phrasesListCmd) Run(ctx context.Context, c *cli) error {
	list, err := c.phrases(ctx, l.Language, l.State)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PHRASE\tSTATE\tREVIEWER\tWHEN\tWORDS")
	for _, p := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Phrase, p.State, orDash(p.Reviewer), date(p.TS), strings.Join(p.Words, " | "))
	}
	return w.Flush()
}

func (c *cli) phrases(ctx context.Context, language, state string) ([]approvals.Phrase, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	var list approvals.Phrases
	query := url.Values{"language": {language}}
	if state != "" {
		query.Set("state", state)
	}
	if err := client.Call(ctx, http.MethodGet, approvals.PathPhrases+"?"+query.Encode(), nil, &list); err != nil {
		return nil, err
	}
	return list.Phrases, nil
}

type phrasesApproveCmd struct {
	Reviewer string   `arg:"--reviewer,required" help:"Who has reviewed the words: a name that stays in the history."`
	Note     string   `arg:"--note" help:"Something for those who read the history."`
	Language string   `arg:"--language" help:"The language of the phrases that are named."`
	File     string   `arg:"--file" help:"A file as export writes it, with the lines that are approved; - is standard input."`
	Phrases  []string `arg:"positional" help:"Phrases such as symptoms.fever."`
}

// Run approves phrases.
func (a phrasesApproveCmd) Run(ctx context.Context, c *cli) error {
	subjects, err := subjectsOf(a.Language, a.Phrases)
	if err != nil {
		return err
	}
	if a.File != "" {
		listed, err := subjectsIn(a.File)
		if err != nil {
			return err
		}
		subjects = append(subjects, listed...)
	}
	return c.state(ctx, approvals.PathApprove, approvals.Statement{Reviewer: a.Reviewer, Note: a.Note, Subjects: subjects})
}

type phrasesWithdrawCmd struct {
	Reviewer string   `arg:"--reviewer,required" help:"Who takes the approvals back."`
	Note     string   `arg:"--note" help:"Why, for those who read the history."`
	Language string   `arg:"--language,required" help:"The language of the phrases."`
	Phrases  []string `arg:"positional,required" help:"Phrases such as symptoms.fever."`
}

// Run withdraws approvals.
func (w phrasesWithdrawCmd) Run(ctx context.Context, c *cli) error {
	subjects, err := subjectsOf(w.Language, w.Phrases)
	if err != nil {
		return err
	}
	return c.state(ctx, approvals.PathWithdraw, approvals.Statement{Reviewer: w.Reviewer, Note: w.Note, Subjects: subjects})
}

// state says something of phrases and prints what the history has of it.
func (c *cli) state(ctx context.Context, path string, s approvals.Statement) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var said approvals.History
	if err := client.Call(ctx, http.MethodPost, path, s, &said); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(said.Entries)
	}
	for _, e := range said.Entries {
		fmt.Printf("%s %s %s by %s\n", e.Action, e.Phrase, e.Language, e.Reviewer)
	}
	return nil
}

func subjectsOf(language string, phrases []string) (subjects []approvals.Subject, err error) {
	if len(phrases) > 0 && language == "" {
		return nil, errors.New("name the language of the phrases: --language")
	}
	for _, phrase := range phrases {
		subjects = append(subjects, approvals.Subject{Phrase: phrase, Language: language})
	}
	return subjects, nil
}

// exportHead are the columns of an export; the first three say what is approved.
var exportHead = []string{"phrase", "language", "hash", "state", "reviewer", "when", "words", "english"}

// subjectsIn reads the lines of an export.
func subjectsIn(name string) ([]approvals.Subject, error) {
	in := io.Reader(os.Stdin)
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("opening the list of phrases: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	return readSubjects(in)
}

func readSubjects(in io.Reader) ([]approvals.Subject, error) {
	lines := csv.NewReader(in)
	lines.FieldsPerRecord = -1
	var subjects []approvals.Subject
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return subjects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the list of phrases: %w", err)
		}
		line[0] = strings.TrimPrefix(line[0], "\ufeff") // spreadsheets put it there
		if line[0] == exportHead[0] {
			continue
		}
		if len(line) < 3 || line[2] == "" {
			at, _ := lines.FieldPos(0)
			return nil, fmt.Errorf("line %d of the list of phrases has no phrase, language and hash", at)
		}
		subjects = append(subjects, approvals.Subject{Phrase: line[0], Language: line[1], Hash: line[2]})
	}
}

type phrasesExportCmd struct {
	Language string `arg:"--language" help:"The language, such as es."`
	State    string `arg:"--state" help:"Only those that are unreviewed, approved, withdrawn or changed."`
	History  bool   `arg:"--history" help:"The whole history of approvals instead."`
}

// Run writes CSV on standard output.
func (e phrasesExportCmd) Run(ctx context.Context, c *cli) error {
	if e.History {
		return c.exportHistory(ctx, os.Stdout)
	}
	if e.Language == "" {
		return errors.New("name the language: --language")
	}
	list, err := c.phrases(ctx, e.Language, e.State)
	if err != nil {
		return err
	}
	return writePhrases(os.Stdout, list)
}

func writePhrases(out io.Writer, list []approvals.Phrase) error {
	w := csv.NewWriter(out)
	_ = w.Write(exportHead) // Flush tells
	for _, p := range list {
		_ = w.Write([]string{p.Phrase, p.Language, p.Hash, p.State, p.Reviewer, date(p.TS), strings.Join(p.Words, " | "), p.English})
	}
	w.Flush()
	return w.Error()
}

func (c *cli) exportHistory(ctx context.Context, out io.Writer) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	w := csv.NewWriter(out)
	_ = w.Write([]string{"line", "when", "action", "phrase", "language", "hash", "reviewer", "note"})
	for after := int64(0); ; {
		var page approvals.History
		if err := client.Call(ctx, http.MethodGet, approvals.PathHistory+"?after="+strconv.FormatInt(after, 10), nil, &page); err != nil {
			return err
		}
		for _, e := range page.Entries {
			after = e.Seq
			_ = w.Write([]string{strconv.FormatInt(e.Seq, 10), date(e.TS), e.Action, e.Phrase, e.Language, e.Hash, e.Reviewer, e.Note})
		}
		if len(page.Entries) == 0 {
			break
		}
	}
	w.Flush()
	return w.Error()
}
