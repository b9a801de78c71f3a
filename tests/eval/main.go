// Command eval prints how well the engines at hand translate the medical sentences of TICO-19, and what protection costs.
// It fails when protection costs more than it may, when a protected part is lost, or when a wrong number passes the checks.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/eval"
	"medixchange/translator/language"
)

// maxCost is how much chrF protection may cost.
const maxCost = 1.0

func main() {
	data := flag.String("data", defaultData(), "tab-separated sentences, a column for each language")
	pivot := flag.String("pivot", "es", "language that pairs without a direct way go through; empty: none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := evaluate(ctx, os.Stdout, *data, language.Code(*pivot))
	if err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(2)
	}
	for _, condition := range failed {
		fmt.Fprintln(os.Stderr, "failed:", condition)
	}
	if len(failed) > 0 {
		os.Exit(1)
	}
}

// defaultData is the file beside the repository, or in the folder that MEDIX_SHARED names.
func defaultData() string {
	shared := os.Getenv("MEDIX_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "shared")
	}
	return filepath.Join(shared, "data", "tico19", "tico19-240.tsv")
}

// evaluate prints the figures and returns the conditions that do not hold.
func evaluate(ctx context.Context, out io.Writer, data string, pivot language.Code) (failed []string, err error) {
	file, err := os.Open(data)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	corpus, err := eval.ReadCorpus(file)
	if err != nil {
		return nil, err
	}
	apertium, err := engine.NewApertium(engine.ApertiumConfig{Pivot: pivot})
	if err != nil {
		return nil, err
	}
	defer apertium.Close()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "pair\tBLEU alone\tprotected\tchrF alone\tprotected\tcost\tparts\tlost\tpass\twarn\tblock\twith numbers\tnumbers wrong\tunnoticed")
	measured := 0
	for _, pair := range pairsOf(apertium, corpus) {
		f, err := eval.Run(ctx, apertium, pair[0], pair[1], corpus[pair[0]], corpus[pair[1]])
		if err != nil {
			return nil, err
		}
		measured++
		row(table, f)
		failed = append(failed, conditions(f)...)
	}
	if measured == 0 {
		return nil, fmt.Errorf("no engine offers a pair of the languages in %s", data)
	}
	return failed, table.Flush()
}

// pairsOf lists the pairs that an engine offers and a corpus has, in the order of their names.
func pairsOf(e engine.Engine, corpus eval.Corpus) (pairs [][2]language.Code) {
	for from := range corpus {
		for to := range corpus {
			if from != to && e.Offers(from, to) {
				pairs = append(pairs, [2]language.Code{from, to})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]language.Code) int { return slices.Compare(a[:], b[:]) })
	return pairs
}

func row(table io.Writer, f eval.Figures) {
	name := string(f.From + "-" + f.To)
	if f.Pivot != "" {
		name += " via " + string(f.Pivot)
	}
	fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", name,
		f.Plain.BLEU, f.Protected.BLEU, f.Plain.ChrF, f.Protected.ChrF, f.Cost(), f.Atoms, f.Lost,
		f.Verdicts[check.Pass], f.Verdicts[check.Warn], f.Verdicts[check.Block], f.Numbered, f.Wrong, len(f.Unnoticed))
}

func conditions(f eval.Figures) (failed []string) {
	pair := fmt.Sprintf("%s to %s", f.From, f.To)
	if f.Cost() > maxCost {
		failed = append(failed, fmt.Sprintf("%s: protection costs %.2f chrF, more than %.0f", pair, f.Cost(), maxCost))
	}
	if f.Lost > 0 {
		failed = append(failed, fmt.Sprintf("%s: protected parts lost in %d sentences", pair, f.Lost))
	}
	for _, sentence := range f.Unnoticed {
		failed = append(failed, fmt.Sprintf("%s: wrong number without a warning: %s", pair, sentence))
	}
	return failed
}
