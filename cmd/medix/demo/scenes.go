package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"maunium.net/go/mautrix/id"
)

// show plays the scenes in order. What later ones stand on ends the show when it fails.
func (s *stage) show(ctx context.Context) {
	for _, scene := range []struct {
		title string
		play  func(context.Context) bool
	}{
		{"Two hospitals", s.start},
		{"A direct conversation, Chinese and Spanish", s.conversation},
		{"A group room across the hospitals, three languages", s.groupRoom},
		{"The clinical handbook", s.handbook},
		{"A conference, and one that was recorded", s.conference},
		{"An engine hangs", s.engineHangs},
		{"Hospital A loses power", s.powerCut},
		{"A third hospital comes into the alliance", s.newcomer},
		{"Your own sentence", s.ownSentence},
	} {
		if ctx.Err() != nil {
			s.report.step("interrupted", func() (string, error) { return "", ctx.Err() })
			return
		}
		s.report.title(scene.title)
		if !scene.play(ctx) {
			return
		}
	}
}

func (s *stage) start(ctx context.Context) bool {
	for _, h := range []*hospital{s.a, s.b} {
		ok := s.report.step(fmt.Sprintf("%s (%s) starts", h.title, h.name), func() (string, error) { return "", h.start(ctx) })
		if !ok {
			return false
		}
	}
	if !s.found(ctx) {
		return false
	}
	for _, p := range []struct {
		who                   **clinician
		at                    *hospital
		name, title, language string
	}{
		{&s.zh, s.a, "doctor-zh", "Dr. Li", "zh"},
		{&s.es, s.b, "doctor-es", "Dra. García", "es"},
		{&s.en, s.b, "doctor-en", "Dr. Smith", "en"},
	} {
		ok := s.report.step(fmt.Sprintf("@%s:%s gets an account and logs in", p.name, p.at.name), func() (string, error) {
			c, err := newClinician(ctx, p.at, p.name, p.title, p.language, newPassword())
			*p.who = c
			return "", err
		})
		if !ok {
			return false
		}
	}
	return true
}

func (s *stage) conversation(ctx context.Context) bool {
	ok := s.report.step("doctor-zh opens a direct chat; doctor-es, at the other hospital, joins", func() (string, error) {
		room, err := s.zh.create(ctx, "", true, s.es)
		s.direct = room
		return "", err
	})
	return ok &&
		s.exchange(ctx, s.direct, s.zh, "患者需要吸氧。", s.es) &&
		s.exchange(ctx, s.direct, s.es, "Saturación de oxígeno 88%.", s.zh)
}

func (s *stage) groupRoom(ctx context.Context) bool {
	ok := s.report.step("doctor-en creates a group room; doctor-zh and doctor-es join", func() (string, error) {
		room, err := s.en.create(ctx, "Ward round", false, s.zh, s.es)
		s.group = room
		return "", err
	})
	return ok &&
		s.exchange(ctx, s.group, s.en, "Give paracetamol 500 mg every 6 hours.", s.zh, s.es) &&
		s.exchange(ctx, s.group, s.zh, "体温38.5 °C。", s.es, s.en) &&
		s.exchange(ctx, s.group, s.es, "El paciente no necesita oxígeno.", s.zh, s.en) &&
		s.exchange(ctx, s.group, s.en, "The patient slept well and had breakfast this morning.", s.es)
}

// exchange lets one clinician write and shows what each reader sees, in their own language.
func (s *stage) exchange(ctx context.Context, room id.RoomID, from *clinician, text string, readers ...*clinician) bool {
	return s.report.step(fmt.Sprintf("%s writes: %s", localpart(from), text), func() (string, error) {
		sent := time.Now()
		event, err := from.say(ctx, room, text)
		if err != nil {
			return "", err
		}
		acknowledged := time.Since(sent)
		lines := []string{fmt.Sprintf("acknowledged and durable after %s", round(acknowledged))}
		for _, reader := range readers {
			got, err := reader.read(ctx, event)
			if err != nil {
				return "", err
			}
			if got.mark.State != "translated" || got.mark.Original.Body != text {
				return "", fmt.Errorf("%s was shown %q (state %q, reasons in its mark), not a translation into %s",
					localpart(reader), got.body, got.mark.State, reader.language)
			}
			lines = append(lines, fmt.Sprintf("%s reads after %s: %s", localpart(reader), round(got.at.Sub(sent)), oneLine(got.body)))
			lines = append(lines, fmt.Sprintf("%*s engine %s, verdict %s", len(localpart(reader)), "", got.mark.Engine, got.mark.Verdict))
		}
		own, err := from.read(ctx, event)
		if err != nil {
			return "", err
		}
		if own.body != text {
			return "", fmt.Errorf("the author was shown %q instead of their own words", own.body)
		}
		return strings.Join(lines, "\n"), nil
	})
}

// engineHangs stops the translation engine of hospital B for a while: the original arrives within the budget, the
// translation when the engine is back.
func (s *stage) engineHangs(ctx context.Context) bool {
	const text = "The family visits the patient tomorrow in the afternoon."
	var stopped []int
	var event id.EventID
	ok := s.report.step("the engine is stopped: the original arrives all the same", func() (string, error) {
		pids, err := s.b.engines()
		if err != nil {
			return "", err
		}
		stopped = pids
		if err := signalAll(pids, syscall.SIGSTOP); err != nil {
			return "", err
		}
		sent := time.Now()
		if event, err = s.en.say(ctx, s.group, text); err != nil {
			return "", err
		}
		got, err := s.es.read(ctx, event)
		if err != nil {
			return "", err
		}
		if got.body != text {
			return "", fmt.Errorf("doctor-es was shown %q while the engine hangs", got.body)
		}
		return fmt.Sprintf("doctor-es reads after %s: %s\nstate %s", round(got.at.Sub(sent)), got.body, got.mark.State), nil
	})
	if err := signalAll(stopped, syscall.SIGCONT); err != nil {
		return s.report.step("the engine goes on", func() (string, error) { return "", err })
	}
	return ok && s.report.step("the engine goes on: the translation arrives as an edit for its reader", func() (string, error) {
		got, err := s.es.waitFor(ctx, "the late translation", func(e seenEvent) bool {
			return e.mark.State == "translated" && e.edits == event
		})
		if err != nil {
			return "", err
		}
		return "doctor-es reads: " + oneLine(got.body), nil
	})
}

// powerCut kills hospital A with no warning, writes to it meanwhile, and starts it again.
func (s *stage) powerCut(ctx context.Context) bool {
	const while = 5
	var sent []id.EventID
	var last id.EventID
	ok := s.report.step("doctor-zh's message is acknowledged, then hospital A is killed (kill -9)", func() (string, error) {
		event, err := s.zh.say(ctx, s.group, "请稍等。")
		if err != nil {
			return "", err
		}
		last = event
		return "", s.a.kill()
	})
	ok = ok && s.report.step(fmt.Sprintf("meanwhile doctor-en writes %d messages", while), func() (string, error) {
		for i := range while {
			event, err := s.en.say(ctx, s.group, fmt.Sprintf("Heart rate %d per minute.", 80+i))
			if err != nil {
				return "", err
			}
			sent = append(sent, event)
		}
		return "", nil
	})
	ok = ok && s.report.step("hospital A starts again, without help", func() (string, error) { return "", s.a.start(ctx) })
	return ok && s.report.step("doctor-zh has everything, once and in order, from the old sync token on", func() (string, error) {
		if _, err := s.zh.read(ctx, last); err != nil {
			return "", fmt.Errorf("the acknowledged message: %w", err)
		}
		var before time.Time
		for _, event := range sent {
			got, err := s.zh.read(ctx, event)
			if err != nil {
				return "", err
			}
			if got.at.Before(before) {
				return "", errors.New("the messages came out of order")
			}
			before = got.at
		}
		if _, err := s.es.read(ctx, last); err != nil {
			return "", fmt.Errorf("at hospital B: %w", err)
		}
		return "", errors.Join(s.zh.once(), s.es.once())
	})
}

// ownSentence says what the runner gave, so that nothing shown is only what was prepared.
func (s *stage) ownSentence(ctx context.Context) bool {
	if s.Say == "" {
		fmt.Fprintf(s.Out, "  (medix demo --say \"…\" --from en --to es says a sentence of yours)\n")
		return true
	}
	return s.report.step(fmt.Sprintf("a clinician who writes %s says: %s", s.From, s.Say), func() (string, error) {
		from, err := newClinician(ctx, s.a, "author-"+s.From, "Author", s.From, newPassword())
		if err != nil {
			return "", err
		}
		to, err := newClinician(ctx, s.b, "reader-"+s.To, "Reader", s.To, newPassword())
		if err != nil {
			return "", err
		}
		room, err := from.create(ctx, "", true, to)
		if err != nil {
			return "", err
		}
		sent := time.Now()
		event, err := from.say(ctx, room, s.Say)
		if err != nil {
			return "", err
		}
		got, err := to.read(ctx, event)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("the reader of %s sees after %s: %s\nstate %s, engine %s, verdict %s",
			s.To, round(got.at.Sub(sent)), oneLine(got.body), got.mark.State, got.mark.Engine, got.mark.Verdict), nil
	})
}

func localpart(c *clinician) string { return c.client.UserID.Localpart() }

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// oneLine shows a text with its line breaks as marks.
func oneLine(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", " ⏎ ") }
