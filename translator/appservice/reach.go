package appservice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/internal/pace"
	"medixchange/translator/encrypted"
)

// reach is the way to the homeserver. It says when nobody answers there and when somebody does again, so that those who call every
// few seconds need not. It is safe for concurrent use.
type reach struct {
	next    http.RoundTripper
	log     *logrus.Entry
	now     func() time.Time
	changed chan struct{} // has something in it when an outage has begun or ended

	mu      sync.Mutex
	trouble pace.Reminder
	away    bool
	outages int // that have begun
}

func newReach(next http.RoundTripper, log *logrus.Entry, now func() time.Time) *reach {
	return &reach{next: next, log: log, now: now, changed: make(chan struct{}, 1)}
}

// RoundTrip implements http.RoundTripper. Where the homeserver does not answer the error wraps encrypted.ErrUnreachable.
func (r *reach) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	if err == nil && isOfProxy(res) {
		_ = res.Body.Close() // it says nothing that is of use
		err = fmt.Errorf("what stands before it answers HTTP %d", res.StatusCode)
	}
	if err == nil {
		r.answers()
		return res, nil
	}
	if req.Context().Err() != nil { // the caller did not wait
		return nil, err
	}
	err = withoutURL(err)
	r.fails(err)
	return nil, fmt.Errorf("%w: %w", encrypted.ErrUnreachable, err)
}

// isOfProxy reports whether an answer is that of a proxy which does not reach the homeserver, whose own answers are JSON.
func isOfProxy(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return !strings.Contains(res.Header.Get("Content-Type"), "json")
	}
	return false
}

// withoutURL is what went wrong without what was asked for: a filter of /sync has a thousand letters.
func withoutURL(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

func (r *reach) answers() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.away {
		return
	}
	r.away = false
	r.tell()
	lasted, _ := r.trouble.Over(r.now())
	r.log.WithField("after", lasted.Round(time.Second).String()).Info("the homeserver answers again")
}

func (r *reach) fails(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.away {
		r.away = true
		r.outages++
		r.tell()
	}
	if r.trouble.Due(r.now()) {
		r.log.WithError(err).Warn("the homeserver does not answer, trying again")
	}
}

// tell wakes who waits. It is called with r.mu held.
func (r *reach) tell() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// begun is how many outages have begun.
func (r *reach) begun() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outages
}

// outage waits until more outages have begun than before. It reports false when ctx ended.
func (r *reach) outage(ctx context.Context, before int) bool {
	for r.begun() == before {
		select {
		case <-r.changed:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// pause waits for d, or less when an outage begins or ends.
func (r *reach) pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	select {
	case <-r.changed:
	case <-ctx.Done():
	}
}
