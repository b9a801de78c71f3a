package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"medixchange/admin"
	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
)

// engines asks the running node, or beside another homeserver the engines themselves.
func (c *cli) engines(ctx context.Context) (states []admin.EngineState, err error) {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return nil, err
	}
	if isBeside(cfg) {
		err = withOwnEngines(ctx, cfg, func(own admin.Translator) error { states = own.Engines(); return nil })
		return states, err
	}
	var answer struct {
		Engines []admin.EngineState `json:"engines"`
	}
	err = c.call(ctx, http.MethodGet, "/translator/engines", nil, &answer)
	return answer.Engines, err
}

// trials are of the running node's engines, or beside another homeserver of those of the configuration.
func (c *cli) trials(ctx context.Context, try admin.TranslationTry) (trials []admin.EngineTrial, err error) {
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return nil, err
	}
	if isBeside(cfg) {
		err = withOwnEngines(ctx, cfg, func(own admin.Translator) error { trials, err = own.Try(ctx, try); return err })
		return trials, err
	}
	var answer struct {
		Trials []admin.EngineTrial `json:"trials"`
	}
	err = c.call(ctx, http.MethodPost, "/translator/try", try, &answer)
	return answer.Trials, err
}

// withOwnEngines builds the engines of a configuration for as long as fn runs.
func withOwnEngines(ctx context.Context, cfg *config.Config, fn func(admin.Translator) error) error {
	pipeline, closeAll, err := ownPipeline(ctx, cfg.Translator, nil)
	if err != nil {
		return err
	}
	defer closeAll()
	return fn(node.EngineDesk(pipeline))
}

type translateEnginesCmd struct{}

// Run lists the engines in the order in which they are asked.
func (translateEnginesCmd) Run(ctx context.Context, c *cli) error {
	engines, err := c.engines(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(engines)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ENGINE\tSTATE\tWORKED\tASKED AGAIN\tPAIRS\tERROR")
	for _, e := range engines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", e.Engine, e.State, date(e.HeardTS), date(e.UntilTS), len(e.Pairs), e.Fault)
	}
	return w.Flush()
}

type translateLanguagesCmd struct{}

// Run lists what is translated into what, and by which engines.
func (translateLanguagesCmd) Run(ctx context.Context, c *cli) error {
	engines, err := c.engines(ctx)
	if err != nil {
		return err
	}
	rows, err := languageRows(engines)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(rows)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "FROM\tINTO\tENGINES")
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", row.From, strings.Join(row.Into, " "), strings.Join(row.Engines, ", "))
	}
	return w.Flush()
}

// languageRow is a language and those into which the same engines translate it.
type languageRow struct {
	From    string   `json:"from"`
	Into    []string `json:"into"`
	Engines []string `json:"engines"` // in the order in which they are asked
}

func languageRows(engines []admin.EngineState) ([]languageRow, error) {
	var pairs []string
	who := map[string][]string{}
	for _, e := range engines {
		for _, pair := range e.Pairs {
			if who[pair] == nil {
				pairs = append(pairs, pair)
			}
			who[pair] = append(who[pair], e.Engine)
		}
	}
	slices.Sort(pairs)
	rows := []languageRow{}
	for _, pair := range pairs {
		direction, err := node.ParseDirection(pair)
		if err != nil {
			return nil, fmt.Errorf("reading what the node's engines translate: %w", err)
		}
		from, into := string(direction.From), string(direction.To)
		at := slices.IndexFunc(rows, func(r languageRow) bool { return r.From == from && slices.Equal(r.Engines, who[pair]) })
		if at < 0 {
			rows, at = append(rows, languageRow{From: from, Engines: who[pair]}), len(rows)
		}
		rows[at].Into = append(rows[at].Into, into)
	}
	return rows, nil
}

type translateTestCmd struct {
	From string   `arg:"positional,required" help:"The language of the text, such as en."`
	To   string   `arg:"positional,required" help:"The language to translate into, such as es."`
	Text []string `arg:"positional,required" help:"The text. It goes to every engine that is asked for the pair, those of others too."`
}

// Run shows what each engine makes of a text.
func (t translateTestCmd) Run(ctx context.Context, c *cli) error {
	trials, err := c.trials(ctx, admin.TranslationTry{From: t.From, To: t.To, Text: strings.Join(t.Text, " ")})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(trials)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ENGINE\tMS\tVERDICT\tANSWER")
	for _, trial := range trials {
		answer := strings.ReplaceAll(trial.Text, "\n", " ")
		if trial.Fault != "" {
			answer = "(" + trial.Fault + ")"
		}
		fmt.Fprintf(w, "%s\t%.1f\t%s\t%s\n", trial.Engine, trial.TookMS, verdictOf(trial), answer)
	}
	return w.Flush()
}

// verdictOf is the verdict with its reasons.
func verdictOf(t admin.EngineTrial) string {
	if t.Fault != "" {
		return "-"
	}
	if len(t.Reasons) == 0 {
		return t.Verdict
	}
	return t.Verdict + " (" + strings.Join(t.Reasons, ", ") + ")"
}
