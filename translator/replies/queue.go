package replies

import (
	"context"
	"errors"
	"slices"
	"time"

	"medixchange/internal/pace"
	"medixchange/translator"
	"medixchange/translator/language"
)

// job is work on the desk. Each has a goroutine, which waits for what must come before it.
type job struct {
	*Work
	ctx    context.Context // of the engines' work: ends when the message is redacted
	until  context.Context // ends when there is no time left to translate, too
	cancel func()
	turn   chan struct{}     // closed when engines may have the message
	after  []<-chan struct{} // what ends before it begins
	awhile []<-chan struct{} // what it lets go first, for a while
	behind []<-chan struct{} // what ends before its answers are sent
	ended  chan struct{}

	results map[language.Code]translator.Result
	answers *answers // as soon as they may be sent
	sent    given    // answers that were sent, "" where it is not known whether they were

	authorKnown, foreign bool // of what it edits; it is somebody else's

	begun, gone bool // guarded by Desk.mu: something may have been sent; its event was redacted
}

// roomWork is what there is to do in one room.
type roomWork struct {
	jobs   []*job // in the order of arrival
	queue  []*job // those that wait for their turn with engines
	asking int    // messages that engines have

	lastMessage, lastAct, lastSetting <-chan struct{} // closed when the last one so far has ended
}

const (
	// patience is the time from a message's arrival until engines are no longer waited for: with what it takes to say so, the
	// message is answered within a minute (TRANSLATION 14).
	patience = 55 * time.Second
	// leastPatience is what is left for a message that was there when the desk began.
	leastPatience = 20 * time.Second
	// messagesAtOnce bounds the messages of a room that engines have.
	messagesAtOnce = 8
)

// enqueue begins work, whose event is gone or not. It is called with d.mu held.
func (d *Desk) enqueue(w *Work, gone bool) {
	if _, known := ParseCommand(w.Text); w.Task == Answer && !known { // stored by a version that took every "!word" for a command
		w.Task = Translate
	}
	room := d.rooms[w.RoomID]
	if room == nil {
		room = &roomWork{}
		d.rooms[w.RoomID] = room
	}
	j := d.jobOf(w, gone)
	room.place(j)
	room.admit()
	d.working.Add(1)
	go func() {
		defer d.working.Done()
		defer d.end(j)
		d.run(d.ctx, j)
	}()
}

func (d *Desk) jobOf(w *Work, gone bool) *job {
	j := &job{Work: w, turn: make(chan struct{}), ended: make(chan struct{}), sent: given{}, begun: len(w.Sending) > 0, gone: gone}
	for _, code := range w.Sending {
		j.sent[code] = ""
	}
	left := min(max(time.Unix(0, w.Seq).Add(d.patience).Sub(d.o.Now()), d.leastPatience), d.patience)
	var cancel, stop context.CancelFunc
	j.ctx, cancel = context.WithCancel(d.ctx)
	j.until, stop = context.WithTimeout(j.ctx, left)
	j.cancel = func() { cancel(); stop() } // in this order: who sees until ended sees whether ctx has
	if gone {
		j.cancel()
	}
	return j
}

// place finds what a job has to wait for. Answers to messages are sent in the order of the messages. What is asked of the bot is done in
// its order, without waiting for engines, and before later messages are translated, if it does not take long. A redaction waits for
// what it withdraws.
func (r *roomWork) place(j *job) {
	switch j.Task {
	case Withdraw:
		j.after = r.endings(func(other *Work) bool { return j.redacts(other) })
	case Translate:
		j.after, j.awhile = appendEnding(nil, r.lastSetting), appendEnding(nil, r.lastAct)
		j.behind = appendEnding(r.endings(func(other *Work) bool { return other.redacts(j.Work) }), r.lastMessage)
		r.lastMessage = j.ended
		r.queue = append(r.queue, j)
	case Caution, Release: // nothing else waits for them
	default:
		r.placeAct(j)
	}
	r.jobs = append(r.jobs, j)
}

func appendEnding(endings []<-chan struct{}, ending <-chan struct{}) []<-chan struct{} {
	if ending == nil {
		return endings
	}
	return append(endings, ending)
}

func (r *roomWork) endings(of func(*Work) bool) []<-chan struct{} {
	var endings []<-chan struct{}
	for _, j := range r.jobs {
		if of(j.Work) {
			endings = append(endings, j.ended)
		}
	}
	return endings
}

// admit lets engines have the room's next messages. It is called with the desk's mu held.
func (r *roomWork) admit() {
	for len(r.queue) > 0 && r.asking < messagesAtOnce {
		close(r.queue[0].turn)
		r.queue = r.queue[1:]
		r.asking++
	}
}

// leaveTurn ends a message's turn with engines, or its wait for it.
func (d *Desk) leaveTurn(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	room := d.rooms[j.RoomID]
	if i := slices.Index(room.queue, j); i >= 0 {
		room.queue = slices.Delete(room.queue, i, i+1)
		return
	}
	room.asking--
	room.admit()
}

// end takes a job from the desk.
func (d *Desk) end(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j.cancel()
	close(j.ended)
	d.count--
	room := d.rooms[j.RoomID]
	room.jobs = slices.DeleteFunc(room.jobs, func(other *job) bool { return other == j })
	if len(room.jobs) == 0 {
		delete(d.rooms, j.RoomID)
	}
}

func (d *Desk) run(ctx context.Context, j *job) {
	switch {
	case j.Task == Translate:
		d.answerMessage(ctx, j)
	case !d.waitBefore(ctx, j):
	case j.Task == Caution: // a warning that is on its way arrives, so that it can be taken back; after a redaction none is tried again
		d.carryOut(j.ctx, j, d.warning, func() error { return d.do(ctx, j.Work) })
	case j.Task == Answer:
		if d.begin(j) {
			d.carryOut(ctx, j, d.commands, func() error { return d.answer(ctx, j.Work) })
		}
	default:
		d.carryOut(ctx, j, d.sending, func() error { return d.do(ctx, j.Work) })
	}
}

// answerMessage translates a message as soon as engines may have it, and sends the answers when their turn has come.
func (d *Desk) answerMessage(ctx context.Context, j *job) {
	if d.translateAhead(j) && waitFor(j.ctx, j.behind) {
		d.carryOut(ctx, j, d.sending, func() error { return d.sendAnswers(ctx, j) })
		return
	}
	if d.begunInVain(j) && waitFor(ctx, j.behind) {
		d.carryOut(ctx, j, d.sending, func() error { return d.settle(ctx, j) })
	}
}

// waitFor waits until all of them have ended; false when ctx ended before.
func waitFor(ctx context.Context, endings []<-chan struct{}) bool {
	for _, ending := range endings {
		select {
		case <-ending:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}

const (
	firstPause  = 500 * time.Millisecond
	longestWait = 30 * time.Second
	// maxTries is after how many failures a piece of work is given up: a quarter of an hour.
	maxTries = 35
)

// carryOut does what is to be done of a piece of work, trying again while it may help; false when it was not done. Each try
// takes one of the slots, if there are any.
func (d *Desk) carryOut(ctx context.Context, j *job, slots chan struct{}, act func() error) bool {
	pause := firstPause
	for try := 1; ; try++ {
		err := inSlot(ctx, slots, act)
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
		if errors.Is(err, ErrRefused) || try == maxTries {
			d.giveUp(d.ctx, j, err)
			return false
		}
		d.logOf(j.Work).WithError(err).Info("the translation bot tries an answer again")
		if !pace.Pause(ctx, pause) {
			return false
		}
		pause = min(2*pause, longestWait)
	}
}

func inSlot(ctx context.Context, slots chan struct{}, act func() error) error {
	if slots != nil {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return act()
}

// giveUp ends work that cannot be done. What was said of it is remembered.
func (d *Desk) giveUp(ctx context.Context, j *job, why error) {
	d.logOf(j.Work).WithError(why).Warn("the translation bot gives up an answer")
	err := d.done(ctx, j.Work, func() error {
		if j.answers == nil {
			return nil
		}
		return d.record(ctx, j.Work, j.answers.before, j.sent)
	})
	if err != nil && ctx.Err() == nil {
		d.logOf(j.Work).WithError(err).Error("storing that an answer was given up")
	}
}
