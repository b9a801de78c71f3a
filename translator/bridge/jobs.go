package bridge

import (
	"context"
	"errors"
	"slices"
	"time"

	"medixchange/internal/pace"
	"medixchange/rooms"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

const (
	// maxJobs bounds the translations that are under way; more wait in the stream.
	maxJobs = 1024
	// defaultPendingLimit is how long a translation may be pending, with room to store that it failed (TRANSLATION 14).
	defaultPendingLimit = 55 * time.Second
	// busyPause is how long a message that is no longer awaited lets overloaded engines rest.
	busyPause = 500 * time.Millisecond
	// storePause is the wait before a rendering that could not be stored is tried again.
	storePause = time.Second
)

// job is one translation under way: an event for the readers of one language. What of it outlives the node is in resume.go.
type job struct {
	key
	ev   *rooms.Event
	from language.Code
	done chan struct{}

	// Guarded by jobs.mu once it has begun.
	hearers hearers
	owed    bool               // it was put off: what engines cannot do now is tried again later, and nobody is told of that
	settled bool               // its rendering is being stored: the two above stay as they are
	cancel  context.CancelFunc // nil before it is translated
	gone    bool               // it was redacted

	result translator.Result // once it is done
	filled []filled          // what it quotes of other messages
}

var errStopping = errors.New("the translator is stopping")

// begin starts a job unless its key has one. It waits for a slot until ctx ends, and takes one that is free in any case. Where
// those who have the raw text are to be told, it also waits for a job of which it is too late to tell them, and has another follow.
func (b *Bridge) begin(ctx context.Context, wanted *job) (*job, error) {
	wanted.done = make(chan struct{})
	for {
		running, joined := b.jobs.join(wanted)
		if joined {
			return running, nil
		}
		if running != nil {
			if err := await(ctx, running); err != nil {
				return nil, err
			}
			continue
		}
		if err := b.takeSlot(ctx); err != nil {
			return nil, err
		}
		if b.jobs.add(wanted) {
			go b.carryOut(wanted)
			return wanted, nil
		}
		<-b.jobs.slots
		if b.work.Err() != nil {
			return nil, errStopping
		}
	}
}

// await waits until jobs have ended, which they do soon when the node stops, or until ctx ends, whose error it returns then.
func await(ctx context.Context, jobs ...*job) error {
	for _, j := range jobs {
		select {
		case <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (b *Bridge) takeSlot(ctx context.Context) error {
	select {
	case b.jobs.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case b.jobs.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-b.work.Done():
		return errStopping
	}
}

// carryOut runs a job to its end.
func (b *Bridge) carryOut(j *job) {
	defer b.jobs.working.Done()
	defer func() { <-b.jobs.slots }()
	defer b.jobs.remove(j)
	result, err := b.translate(j)
	if err != nil {
		return // stopping: the job is stored, or nobody waits for it any more
	}
	j.result = result
	for {
		err := b.end(b.work, j, result)
		if err == nil || b.work.Err() != nil {
			return
		}
		b.jobs.reopen(j)
		b.o.Log.WithError(err).WithField("event", j.ev.ID).Error("storing a rendering failed, trying again")
		if !pace.Pause(b.work, storePause) {
			return
		}
	}
}

// end stores what a job came to.
func (b *Bridge) end(ctx context.Context, j *job, result translator.Result) error {
	if err := b.recall(ctx, j); err != nil {
		return err
	}
	b.jobs.settle(j)
	if err := b.turnedAway(ctx, j, result); err != nil {
		return err
	}
	return b.finish(ctx, j, result)
}

// translate asks the pipeline. The error is only that the node stops. What is redacted meanwhile is left as it is, and asked of
// nobody any more.
func (b *Bridge) translate(j *job) (translator.Result, error) {
	ctx, cancel := context.WithTimeout(b.work, b.pendingLimit)
	defer cancel()
	b.jobs.cancelled(j, cancel)
	result, err := b.translateEvent(ctx, j)
	switch {
	case b.work.Err() != nil:
		return result, errStopping
	case b.jobs.isGone(j):
		b.forgetAnswer(j, result)
		return translator.Result{State: translator.Same}, nil
	case err != nil:
		w, _ := b.wordsOf(j.ev)
		return timedOut(j, w), nil
	}
	return result, nil
}

// forgetAnswer forgets what came of a redacted event all the same.
func (b *Bridge) forgetAnswer(j *job, result translator.Result) {
	if b.isVoice(j.ev) {
		b.o.Pipeline.Forget(result.Original.Body, "")
		return
	}
	b.forgetWords(j.ev)
}

// translateEvent translates what an event says. The error is that of the context, or that the database cannot be read.
func (b *Bridge) translateEvent(ctx context.Context, j *job) (translator.Result, error) {
	if b.isVoice(j.ev) {
		return b.translateVoice(ctx, j), nil
	}
	w, ok := b.wordsOf(j.ev)
	if !ok {
		return translator.Result{State: translator.Same}, nil
	}
	return b.translateWords(ctx, j, w)
}

// translateWords translates a message without what it repeats of other translations. The error is that of the context, or
// that the database cannot be read.
func (b *Bridge) translateWords(ctx context.Context, j *job, w words) (translator.Result, error) {
	w.text, w.html = protect.CutReply(w.text, w.html)
	room := b.translationIn(ctx, j.ev.RoomID)
	if room == translationOff { // since it was begun
		return turnedOff(j, w.text, w.html), nil
	}
	if compose.IsCopy(w.text) {
		return b.translateCopy(ctx, j, w)
	}
	if len(w.parts) > 0 {
		return b.translatePoll(ctx, j, w, room == translationLocal)
	}
	q, sure, err := b.quotesIn(ctx, j.ev, w)
	switch {
	case err != nil:
		return translator.Result{}, err
	case !sure:
		return b.asItIs(j, w), nil
	}
	request := translator.Request{Text: q.text, HTML: q.html, SourceHint: j.from, SenderLanguage: b.writes(j.ev), Target: j.language, Local: room == translationLocal}
	result, err := b.askPipeline(ctx, j, j.ev, request)
	if err != nil {
		return result, err
	}
	return b.withQuotes(ctx, j, q, result, w)
}

func turnedOff(j *job, text, html string) translator.Result {
	return translator.Result{
		State: translator.None, From: j.from, To: j.language, Reasons: []check.Reason{{Code: translator.ReasonOff}},
		Original: compose.Original{Body: text, FormattedBody: html},
	}
}

// askPipeline asks for the translation of what an event says, and tells its author before engines of others get what it seems to hold.
func (b *Bridge) askPipeline(ctx context.Context, j *job, of *rooms.Event, request translator.Request) (translator.Result, error) {
	return b.askPatiently(ctx, j, request, func(request translator.Request) (translator.Result, error) {
		return b.askReleased(ctx, j, of, request)
	})
}

// askPatiently asks again while engines are overloaded and nobody waits for it any more, as long as the room is translated.
func (b *Bridge) askPatiently(ctx context.Context, j *job, request translator.Request, ask func(translator.Request) (translator.Result, error)) (translator.Result, error) {
	awaited := b.awaitedUntil(j.ev).After(b.o.Now())
	for {
		result, err := ask(request)
		if err != nil || awaited || b.jobs.isOwed(j) || !isBusy(result) || !pace.Pause(ctx, busyPause) {
			return result, err
		}
		room := b.translationIn(ctx, j.ev.RoomID)
		if room == translationOff {
			return turnedOff(j, request.Text, request.HTML), nil
		}
		request.Local = room == translationLocal
	}
}

// turnedAway begins an absence when engines have no room for a message that has just come: it is owed, with those that are
// still under way and those that were not answered before.
func (b *Bridge) turnedAway(ctx context.Context, j *job, result translator.Result) error {
	of, ok := b.scopeOf(j.ev, b.decide(j.ev), j.language)
	if !ok || b.jobs.isOwed(j) || !b.jobs.isNews(j) || !b.mayBeOwed(j.ev) || slices.ContainsFunc(j.filled, filled.whole) {
		return nil // what a copy was made from may be in another language than the copy
	}
	b.absences.learn(of, troubled{j.ev.Position, saidAt(j.ev)}, b.owedSince(), result)
	if !isBusy(result) {
		return nil
	}
	first := b.absences.troubledFrom(of, b.jobs.oldest(of.from, of.to, j.ev.Position, b.mayBeOwed), b.owedSince())
	return b.beginAbsence(ctx, of, first)
}

// owedSince is the time (ms) before which nothing is owed, were it only because the node stood still.
func (b *Bridge) owedSince() int64 { return b.o.Now().Add(-owedAge).UnixMilli() }

// mayBeOwed reports whether an event is new enough to be owed.
func (b *Bridge) mayBeOwed(ev *rooms.Event) bool { return saidAt(ev) >= b.owedSince() }

// saidAt is when an event came (ms), for one that did not just come when its sender says so.
func saidAt(ev *rooms.Event) int64 {
	if ev.Received != 0 {
		return ev.Received
	}
	return ev.OriginServerTS
}

// askReleased is askUntold, and once more where a text was held of which its author was told meanwhile.
func (b *Bridge) askReleased(ctx context.Context, j *job, of *rooms.Event, request translator.Request) (translator.Result, error) {
	result, err := b.askUntold(ctx, j, of, request)
	if err != nil || !result.Withheld || !result.Untold {
		return result, err
	}
	request.Released, err = b.warnAuthor(ctx, j, result.Identifiers)
	if err != nil || !request.Released {
		return result, err
	}
	return b.o.Pipeline.Translate(ctx, request)
}

// askUntold asks the pipeline for what an event says, and where a text was held that its author has released, once more.
func (b *Bridge) askUntold(ctx context.Context, j *job, of *rooms.Event, request translator.Request) (translator.Result, error) {
	request.Unwarned = of == j.ev && b.hearsOf(j) // of what they repeat their author hears
	result, err := b.o.Pipeline.Translate(ctx, request)
	if err != nil || !result.Withheld || result.Untold {
		return result, err
	}
	request.Released, err = b.isReleased(ctx, of.NID)
	if err != nil || !request.Released {
		return result, err
	}
	return b.o.Pipeline.Translate(ctx, request)
}

func timedOut(j *job, w words) translator.Result {
	w.text, w.html = protect.CutReply(w.text, w.html)
	return translator.Result{
		State: translator.None, From: j.from, To: j.language, Reasons: []check.Reason{{Code: translator.ReasonTimeout}},
		Original: compose.Original{Body: w.text, FormattedBody: w.html},
	}
}

// isUnanswered reports whether engines had nothing to say.
func isUnanswered(result translator.Result) bool {
	return result.State == translator.None && result.Verdict == ""
}

func isBusy(result translator.Result) bool { return reasonOf(result) == translator.ReasonBusy }

// reasonOf is why there is no translation; "" when there is one or the checks refused it.
func reasonOf(result translator.Result) string {
	if !isUnanswered(result) || len(result.Reasons) == 0 {
		return ""
	}
	return result.Reasons[0].Code
}
