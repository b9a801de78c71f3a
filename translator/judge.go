package translator

import (
	"strings"

	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/engine"
	"medixchange/translator/glossary"
	"medixchange/translator/protect"
)

// judge puts an engine's answer together and checks it.
func (w *work) judge(a asked, name string, answer engine.Answer) (Result, []glossary.Found) {
	result, message := w.source, a.message
	answer.Segments, result.To = spelled(answer.Segments, a.request.To, w.source.To)
	result.Engine, result.Pivot, result.Unreviewed = name, answer.Pivot, answer.Unreviewed
	restored, err := message.Restore(answer.Segments, result.To)
	if err != nil {
		return result.blocked(check.Report{Verdict: check.Finding("placeholder.missing"), Reasons: []check.Reason{{Code: reasonPlaceholder}}}), nil
	}
	found := w.set.Check(w.terms(result.To), restored.Lines, result.To)
	before, after := w.compared(message.Plain(), restored.Lines, found, result.To)
	hidden := message.Hidden()
	report := withTerms(check.Compare(without(before, hidden), without(after, hidden), result.From, result.To), found)
	if unknown := unknownWords(message, answer.Unknown); unknown != "" {
		report.Verdict = check.Worse(report.Verdict, check.Finding(unknown))
		report.Reasons = append(report.Reasons, check.Reason{Code: "unknown", Translation: strings.Join(answer.Unknown, ", ")})
	}
	if result.unsure {
		report.Verdict = check.Worse(report.Verdict, check.Warn)
		report.Reasons = append(report.Reasons, check.Reason{Code: ReasonSource})
	}
	if report.Verdict == check.Block {
		return result.blocked(report), found
	}
	result.State, result.Verdict, result.Reasons = Translated, report.Verdict, report.Reasons
	result.Body, result.FormattedBody = restored.Body, restored.FormattedBody
	return result, found
}

// without returns lines without words that spoilers hide: they are not translated, so that there is nothing to compare.
func without(lines, hidden []string) []string {
	if len(hidden) == 0 {
		return lines
	}
	left := make([]string, len(lines))
	for i, line := range lines {
		for _, words := range hidden {
			line = strings.ReplaceAll(line, words, " ")
		}
		left[i] = line
	}
	return left
}

// reasonPlaceholder is that a protected part did not come back.
const reasonPlaceholder = "placeholder"

// lostPart reports whether a result was refused because a protected part did not come back.
func (r Result) lostPart() bool {
	return r.Verdict == check.Block && len(r.Reasons) == 1 && r.Reasons[0].Code == reasonPlaceholder
}

func (r Result) blocked(report check.Report) Result {
	r.State, r.Verdict, r.Reasons = None, report.Verdict, report.Reasons
	return r
}

// unknownWords names the finding for words that an engine left as they were, by their share.
func unknownWords(message *protect.Message, unknown []string) string {
	words := len(strings.Fields(message.Text()))
	switch count := len(unknown); {
	case count == 0 || words == 0:
		return ""
	case count*2 > words:
		return "unknown.many"
	case count*5 > words:
		return "unknown.some"
	}
	return "unknown.few"
}

// Message is what is known of the message and its translation, ready to be composed in any form.
func (r Result) Message() compose.Message {
	m := compose.Message{
		State: string(r.State), From: r.From, To: r.To, Pivot: r.Pivot, Engine: r.Engine, Unreviewed: r.Unreviewed,
		Verdict: r.Verdict, Reasons: r.Reasons, Invariants: r.Invariants,
		Body: r.Body, FormattedBody: r.FormattedBody, Original: r.Original,
	}
	for _, part := range r.Parts {
		m.Items = append(m.Items, part.Message())
	}
	return m
}

// Compose writes what the reader sees. With late, the text says that it arrived after the original.
func (r Result) Compose(late bool) compose.Content {
	message := r.Message()
	message.Late = late
	return compose.Compose(message)
}
