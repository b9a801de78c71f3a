package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sirupsen/logrus"

	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/glossary"
	"medixchange/translator/language"
)

type translateTextCmd struct {
	From string `arg:"--from,required" help:"The language of the lines, such as en."`
	To   string `arg:"--to,required" help:"The language to translate into, such as es."`

	Glossary string `arg:"--glossary" help:"A file of terms to be heeded, as glossary import takes it. The node's own glossary is not asked."`
}

// maxInputLine bounds a line of standard input, in bytes.
const maxInputLine = 1 << 20

// Run translates standard input with the engines of the configuration, or with those of the default configuration where
// there is none. It needs no running node.
func (t translateTextCmd) Run(ctx context.Context, c *cli) error {
	from, to, err := node.ParsePair(t.From, t.To)
	if err != nil {
		return err
	}
	settings, err := translatorConfig(c.Config)
	if err != nil {
		return err
	}
	terms, err := glossaryFrom(t.Glossary)
	if err != nil {
		return err
	}
	pipeline, closeAll, err := ownPipeline(ctx, settings, terms)
	if err != nil {
		return err
	}
	defer closeAll()
	lines := lineTranslator{pipeline: pipeline, from: from, to: to, json: c.JSON, out: os.Stdout, notes: os.Stderr}
	return lines.run(ctx, os.Stdin)
}

// ownPipeline builds the engines of a configuration for a command that needs no running node, and asks them how they are.
func ownPipeline(ctx context.Context, settings config.Translator, terms *glossary.Set) (p *translator.Pipeline, closeAll func(), err error) {
	logrus.SetOutput(io.Discard) // what an engine did wrong is in the reasons
	chain, closeAll, err := node.Engines(settings, nil)
	if err != nil {
		return nil, nil, err
	}
	pipelineSettings := node.PipelineConfig(settings, chain)
	pipelineSettings.Glossary = func() *glossary.Set { return terms }
	p, err = translator.New(pipelineSettings, nil)
	if err != nil {
		closeAll()
		return nil, nil, fmt.Errorf("building the translator: %w", err)
	}
	p.Check(ctx)
	return p, closeAll, nil
}

// glossaryFrom reads the terms of a file; none without one.
func glossaryFrom(path string) (*glossary.Set, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return nil, errors.New("--glossary needs a file: standard input has the lines")
	}
	data, err := readGlossary(path)
	if err != nil {
		return nil, err
	}
	concepts, err := glossary.Read(data, "")
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", path, err)
	}
	return glossary.NewSet(1, map[glossary.Layer][]glossary.Concept{glossary.Hospital: concepts}), nil
}

// translatorConfig is what the configuration says of the translator; without a file, the default.
func translatorConfig(path string) (config.Translator, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(os.Stderr, "medix: there is no configuration at %s: the default engines translate\n", path)
		return config.Default("").Translator, nil
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return config.Translator{}, err
	}
	return cfg.Translator, nil
}

// lineTranslator answers each line with one line.
type lineTranslator struct {
	pipeline *translator.Pipeline
	from, to language.Code
	json     bool
	out      io.Writer
	notes    io.Writer // doubts about lines that were translated, in the plain form
}

// lineResult is a line of the JSON form. Text is empty unless state is "translated".
type lineResult struct {
	Line    int      `json:"line"` // from 1
	Text    string   `json:"text"`
	State   string   `json:"state"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Engine  string   `json:"engine,omitempty"`
	Pivot   string   `json:"pivot,omitempty"`
	Verdict string   `json:"verdict,omitempty"`
	Reasons []string `json:"reasons"`

	blank bool // the line has nothing in it
}

// run reads lines until the end of in. Every answer is written at once, so that another program can wait for it.
func (l lineTranslator) run(ctx context.Context, in io.Reader) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, 64<<10), maxInputLine)
	number := 0
	for scanner.Scan() {
		number++
		result, err := l.translate(ctx, number, strings.TrimSuffix(scanner.Text(), "\r"))
		if err != nil {
			return err
		}
		if err := l.write(result); err != nil {
			return fmt.Errorf("writing line %d: %w", number, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("reading line %d: %w", number+1, err)
	}
	return nil
}

func (l lineTranslator) translate(ctx context.Context, number int, line string) (lineResult, error) {
	out := lineResult{Line: number, State: string(translator.None), From: string(l.from), To: string(l.to), Reasons: []string{}, blank: strings.TrimSpace(line) == ""}
	r, err := l.pipeline.Translate(ctx, translator.Request{Text: line, SourceHint: l.from, SenderLanguage: l.from, Target: l.to})
	if err != nil {
		return out, err
	}
	out.Engine, out.Pivot, out.Verdict = r.Engine, string(r.Pivot), string(r.Verdict)
	for _, reason := range r.Reasons {
		out.Reasons = append(out.Reasons, reason.Code)
	}
	if r.State == translator.Translated {
		out.State, out.Text = string(r.State), r.Body
	}
	return out, nil
}

func (l lineTranslator) write(r lineResult) error {
	if l.json {
		writer := json.NewEncoder(l.out)
		writer.SetEscapeHTML(false)
		return writer.Encode(r)
	}
	text := strings.ReplaceAll(r.Text, "\n", " ")
	if r.State != string(translator.Translated) && !r.blank {
		text = "[not translated: " + strings.Join(r.Reasons, ", ") + "]"
	}
	if r.Verdict == string(check.Warn) {
		fmt.Fprintf(l.notes, "medix: line %d is doubtful: %s\n", r.Line, strings.Join(r.Reasons, ", "))
	}
	_, err := fmt.Fprintln(l.out, text)
	return err
}
