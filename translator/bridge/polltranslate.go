package bridge

import (
	"context"
	"errors"
	"slices"
	"sync"

	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
)

// translatePoll translates each part of a poll for itself: an engine that takes a dose from one answer to another is found
// out by the checks of both. Like a message, a poll is shown in one language: when one part cannot be shown in the
// reader's, all of it stays as it is.
func (b *Bridge) translatePoll(ctx context.Context, j *job, w words, local bool) (translator.Result, error) {
	results := make([]translator.Result, len(w.parts))
	all := func(int) bool { return true }
	request := translator.Request{SourceHint: j.from, SenderLanguage: b.writes(j.ev), Target: j.language, Local: local}
	if err := b.askParts(ctx, j, w, request, all, results); err != nil {
		return translator.Result{}, err
	}
	whole := wholeOf(j.language, w, results)
	if !whole.Untold {
		return whole, nil
	}
	var err error
	if request.Released, err = b.warnAuthor(ctx, j, whole.Identifiers); err != nil || !request.Released {
		return whole, err
	}
	untold := func(part int) bool { return results[part].Untold }
	if err := b.askParts(ctx, j, w, request, untold, results); err != nil {
		return translator.Result{}, err
	}
	return wholeOf(j.language, w, results), nil
}

// askParts asks for the translations of some parts of a poll. Its author is told of nothing: they hear once of all parts.
func (b *Bridge) askParts(ctx context.Context, j *job, w words, request translator.Request, wanted func(part int) bool, results []translator.Result) error {
	failed := make([]error, len(w.parts))
	ask := func(request translator.Request) (translator.Result, error) { return b.askUntold(ctx, j, j.ev, request) }
	var asking sync.WaitGroup
	for i, text := range w.parts {
		if !wanted(i) {
			continue
		}
		of := request
		of.Text = text
		asking.Go(func() { results[i], failed[i] = b.askPatiently(ctx, j, of, ask) })
	}
	asking.Wait()
	return errors.Join(failed...)
}

// wholeOf makes one result of those of the parts of a poll.
func wholeOf(to language.Code, w words, parts []translator.Result) translator.Result {
	whole := translator.Result{To: to, Original: compose.Original{Body: w.text}, Parts: parts}
	for _, part := range parts {
		whole.Withheld, whole.Untold = whole.Withheld || part.Withheld, whole.Untold || part.Untold
		whole.Identifiers = append(whole.Identifiers, newKinds(whole.Identifiers, part.Identifiers)...)
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = w.parts[i]
		if part.State == translator.None && !part.Silent() {
			return notWhole(whole, part)
		}
		if part.State == translator.Translated {
			texts[i] = part.Body
			addPart(&whole, part)
		}
	}
	if whole.State != translator.Translated {
		whole.State, whole.From, whole.Reasons = parts[0].State, parts[0].From, parts[0].Reasons
		return whole
	}
	whole.Body = pollText(texts)
	return whole
}

// newKinds returns those of some kinds that are not among the known ones.
func newKinds(known, kinds []identifiers.Kind) (fresh []identifiers.Kind) {
	for _, kind := range kinds {
		if !slices.Contains(known, kind) {
			fresh = append(fresh, kind)
		}
	}
	return fresh
}

// notWhole is the result for a poll of which one part has no translation.
func notWhole(whole, part translator.Result) translator.Result {
	whole.State, whole.From, whole.Engine, whole.Pivot = translator.None, part.From, part.Engine, part.Pivot
	whole.Verdict, whole.Reasons = part.Verdict, part.Reasons
	whole.Unreviewed = false
	whole.Invariants = nil
	for _, p := range whole.Parts {
		whole.Invariants = append(whole.Invariants, p.Invariants...)
	}
	return whole
}

func addPart(whole *translator.Result, part translator.Result) {
	whole.State = translator.Translated
	if whole.From == "" {
		whole.From, whole.Engine = part.From, part.Engine
	}
	if whole.Pivot == "" {
		whole.Pivot = part.Pivot
	}
	whole.Unreviewed = whole.Unreviewed || part.Unreviewed
	whole.Verdict = check.Worse(whole.Verdict, part.Verdict)
	whole.Reasons = append(whole.Reasons, part.Reasons...)
	whole.Invariants = append(whole.Invariants, part.Invariants...)
}
