package replies

import (
	"context"
	"time"
)

// actPatience is how long what is asked of the bot holds up what comes after it. Longer waits only what must not overtake: a
// message, what says whether engines may have it.
const actPatience = 10 * time.Second

// placeAct finds what work that is neither a message nor a redaction has to wait for.
func (r *roomWork) placeAct(j *job) {
	j.awhile = appendEnding(nil, r.lastAct)
	command := Command{}
	if j.Task == Answer {
		command, _ = ParseCommand(j.Text)
	}
	switch command.Name {
	case CommandTranslate:
		j.after = appendEnding(nil, r.lastSetting)
		return // it takes as long as engines do, and changes nothing
	case CommandTranslation:
		j.after = appendEnding(nil, r.lastSetting)
		r.lastSetting = j.ended
	}
	r.lastAct = j.ended
}

// waitBefore waits for what comes before a job; false when ctx ended before.
func (d *Desk) waitBefore(ctx context.Context, j *job) bool {
	if !waitFor(ctx, j.after) {
		return false
	}
	if len(j.awhile) == 0 {
		return true
	}
	awhile, cancel := context.WithTimeout(ctx, d.actPatience)
	defer cancel()
	waitFor(awhile, j.awhile)
	return ctx.Err() == nil
}
