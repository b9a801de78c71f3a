package eval

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// Corpus is sentences in several languages: the texts of one index say the same.
type Corpus map[language.Code][]string

// maxLine bounds a line of a corpus, in bytes.
const maxLine = 1 << 20

// ReadCorpus reads tab-separated lines whose first names the columns. Columns that are no language are left out; an error
// says which line is not like the first.
func ReadCorpus(r io.Reader) (Corpus, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	if !lines.Scan() {
		return nil, errors.Join(errors.New("reading a corpus: it is empty"), lines.Err())
	}
	header := strings.Split(lines.Text(), "\t")
	corpus := Corpus{}
	for number := 2; lines.Scan(); number++ {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != len(header) {
			return nil, fmt.Errorf("reading a corpus: line %d has %d columns, not %d", number, len(fields), len(header))
		}
		for i, name := range header {
			if code, err := language.Parse(name); err == nil && len(name) == 2 {
				corpus[code] = append(corpus[code], fields[i])
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading a corpus: %w", err)
	}
	return corpus, nil
}

// Score is how near translations are to those that people made.
type Score struct{ BLEU, ChrF float64 }

// Figures are what was measured of an engine for one pair.
type Figures struct {
	From, To  language.Code
	Pivot     language.Code // the language that the engine went through, if any
	Sentences int
	Plain     Score // the engine alone
	Protected Score // the engine with protection
	Atoms     int   // protected parts
	Lost      int   // sentences of which the engine lost, doubled or displaced some
	Verdicts  map[check.Verdict]int
	Numbered  int // sentences with numbers in digits
	// Wrong counts sentences whose numbers in digits differ from those of the translation; Unnoticed those among them
	// that the checks let pass.
	Wrong     int
	Unnoticed []string
}

// Cost is by how much protection made the translations worse, in chrF.
func (f Figures) Cost() float64 { return f.Plain.ChrF - f.Protected.ChrF }

// Run translates the sources twice, as the engine takes them and through the translator with protection and checks, and
// compares both with the references. The error is the engine's.
func Run(ctx context.Context, e engine.Engine, from, to language.Code, sources, references []string) (Figures, error) {
	pipeline, err := translator.New(translator.Config{Engines: []translator.EngineConfig{{Engine: e}}}, nil)
	if err != nil {
		return Figures{}, err
	}
	r := &run{engine: e, pipeline: pipeline, f: Figures{From: from, To: to, Sentences: len(sources), Verdicts: map[check.Verdict]int{}}}
	for _, source := range sources {
		if err := r.sentence(ctx, source); err != nil {
			return Figures{}, fmt.Errorf("%s to %s: %w", from, to, err)
		}
	}
	r.f.Plain = Score{BLEU(r.plain, references), ChrF(r.plain, references)}
	r.f.Protected = Score{BLEU(r.protected, references), ChrF(r.protected, references)}
	return r.f, nil
}

type run struct {
	engine           engine.Engine
	pipeline         *translator.Pipeline
	f                Figures
	plain, protected []string
}

func (r *run) sentence(ctx context.Context, source string) error {
	answer, err := r.ask(ctx, []protect.Segment{{{Kind: protect.Text, Text: source}}})
	if err != nil {
		return err
	}
	r.plain = append(r.plain, answer[0].Plain())
	guarded, err := r.guarded(ctx, source)
	if err != nil {
		return err
	}
	r.protected = append(r.protected, guarded)
	return r.judge(ctx, source, guarded)
}

func (r *run) ask(ctx context.Context, segments []protect.Segment) ([]protect.Segment, error) {
	answer, err := r.engine.Translate(ctx, engine.Request{From: r.f.From, To: r.f.To, Segments: segments})
	r.f.Pivot = answer.Pivot
	return answer.Segments, err
}

// guarded translates with protection. What protection could not put together again counts as lost, and is scored as it is.
func (r *run) guarded(ctx context.Context, source string) (string, error) {
	message := protect.Parse(source, "", r.f.From)
	if len(message.Segments()) == 0 {
		return source, nil
	}
	for _, segment := range message.Segments() {
		for _, piece := range segment {
			if piece.Kind == protect.Atom {
				r.f.Atoms++
			}
		}
	}
	answer, err := r.ask(ctx, message.Segments())
	if err != nil {
		return "", err
	}
	restored, err := message.Restore(answer, r.f.To)
	if err == nil {
		return restored.Body, nil
	}
	r.f.Lost++
	lines := make([]string, len(answer))
	for i, segment := range answer {
		lines[i] = segment.Plain()
	}
	return strings.Join(lines, "\n"), nil
}

// judge lets the checks see the sentence as a member's message would be seen.
func (r *run) judge(ctx context.Context, source, guarded string) error {
	result, err := r.pipeline.Translate(ctx, translator.Request{Text: source, SourceHint: r.f.From, SenderLanguage: r.f.From, Target: r.f.To})
	if err != nil {
		return err
	}
	r.f.Verdicts[result.Verdict]++
	if len(numbersIn(source)) > 0 {
		r.f.Numbered++
	}
	if sameNumbers(source, guarded) {
		return nil
	}
	r.f.Wrong++
	if result.Verdict == check.Pass {
		r.f.Unnoticed = append(r.f.Unnoticed, source+" → "+result.Body)
	}
	return nil
}
