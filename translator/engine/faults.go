package engine

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// quotaRest is how long an engine whose quota is used up is left alone before it is asked again.
const quotaRest = time.Hour

// statusOverloaded is what DeepL and others answer when they have too much to do.
const statusOverloaded = 529

// statusFault is what a status means where the service says no more about it.
func statusFault(status int, header http.Header) error {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("%w: status %d", ErrKey, status)
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || status == statusOverloaded:
		return later(header, fmt.Errorf("%w: status %d", ErrBusy, status))
	case status == http.StatusRequestTimeout:
		return fmt.Errorf("status %d", status)
	case status >= 400 && status < 500:
		return fmt.Errorf("%w: status %d", ErrRefused, status)
	}
	return fmt.Errorf("status %d", status)
}

// later is an error that says when to ask again.
func later(header http.Header, err error) error {
	return &RetryAfter{Wait: retryAfter(header.Get("Retry-After"), time.Now()), Err: err}
}

// usedUp is the error of a service that will not translate before its next period, or before someone pays.
func usedUp(code string) error {
	return &RetryAfter{Wait: quotaRest, Err: fmt.Errorf("%w: %s", ErrQuota, code)}
}

// longestPause is how long a service can ask to be left alone, lest a slip of its clock stop it for good.
const longestPause = 6 * time.Hour

// retryAfter reads the header (RFC 9110, 10.2.3), a number of seconds or a date, within sensible bounds.
func retryAfter(header string, now time.Time) time.Duration {
	const least, most = time.Second, longestPause
	wait := 5 * time.Second
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(most/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, least), most)
}

// plainCode keeps of what a service calls its error what looks like a name or number, so that no text gets into a log.
func plainCode(text string) string {
	const longest = 40
	if len(text) > longest {
		return "?"
	}
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.' {
			return "?"
		}
	}
	return text
}
