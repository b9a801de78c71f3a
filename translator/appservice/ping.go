package appservice

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"maunium.net/go/mautrix"

	"medixchange/internal/pace"
	"medixchange/translator/encrypted"
)

const (
	pingTimeout = 30 * time.Second
	// pingPause is between pings that fail, at first; it doubles up to maxPingPause.
	pingPause, maxPingPause = 2 * time.Second, time.Minute
)

// pingLoop asks the homeserver for a ping when the bot has started and after each time that the homeserver was away. A homeserver
// that did not reach the bot tries again later and later, Synapse after up to eight and a half minutes; the ping has it send at once.
func (s *Service) pingLoop(ctx context.Context) error {
	var trouble pace.Reminder
	pause := pingPause
	for ctx.Err() == nil {
		before := s.reach.begun()
		err := s.ask(ctx)
		if err == nil {
			s.reachedAgain(&trouble)
			pause = pingPause
			s.reach.outage(ctx, before)
			continue
		}
		if isRefusal(err) {
			s.o.Log.WithError(err).Info("the homeserver gives no pings: what it could not send while the bot was away comes when it tries again")
			return nil
		}
		if ctx.Err() == nil && !errors.Is(err, encrypted.ErrUnreachable) && trouble.Due(s.o.Now()) {
			s.o.Log.WithError(err).WithField("url", s.o.Registration.URL).Warn("the homeserver does not reach the bot at the URL of the registration, trying again")
		}
		s.reach.pause(ctx, pause)
		pause = min(2*pause, maxPingPause)
	}
	return ctx.Err()
}

func (s *Service) reachedAgain(trouble *pace.Reminder) {
	if lasted, was := trouble.Over(s.o.Now()); was {
		s.o.Log.WithField("after", lasted.Round(time.Second).String()).Info("the homeserver reaches the bot again")
	}
}

// ask asks for one ping (Application Service API, Pinging), which the homeserver has sent when it answers.
func (s *Service) ask(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if _, err := s.itself.AppservicePing(limited, s.o.Registration.ID, rand.Text()); err != nil {
		return fmt.Errorf("asking for a ping: %w", err)
	}
	return nil
}

// isRefusal reports whether a homeserver said that it gives no pings: it does not know them, or not this service. That it does not
// reach the service is answered with 502 or 504.
func isRefusal(err error) bool {
	var answer mautrix.HTTPError
	if !errors.As(err, &answer) || answer.Response == nil {
		return false
	}
	status := answer.Response.StatusCode
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests
}
