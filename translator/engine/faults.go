package engine

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
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

// faultNames are the names that services have for errors, in their documentation. A name that is not among them could be a word of
// the text, or the key.
var faultNames = map[string]bool{
	// google.rpc.Code
	"INVALID_ARGUMENT": true, "FAILED_PRECONDITION": true, "OUT_OF_RANGE": true, "UNAUTHENTICATED": true, "PERMISSION_DENIED": true, "NOT_FOUND": true,
	"ABORTED": true, "ALREADY_EXISTS": true, "RESOURCE_EXHAUSTED": true, "CANCELLED": true, "DATA_LOSS": true, "UNKNOWN": true, "INTERNAL": true,
	"UNIMPLEMENTED": true, "UNAVAILABLE": true, "DEADLINE_EXCEEDED": true,
	// OpenAI
	"invalid_api_key": true, "insufficient_quota": true, "rate_limit_exceeded": true, "model_not_found": true, "context_length_exceeded": true,
	"invalid_request_error": true, "invalid_type": true, "invalid_value": true, "unsupported_parameter": true, "unsupported_value": true,
	"missing_required_parameter": true, "string_above_max_length": true, "content_filter": true, "server_error": true,
}

// plainCode keeps of what a service calls its error what it is known to say, and numbers that begin with the status as Azure's do; "?"
// stands for the rest, so that no text gets into a log.
func plainCode(status int, text string) string {
	const longest = len("403001")
	number, err := strconv.ParseUint(text, 10, 32)
	switch {
	case text == "", faultNames[text]:
		return text
	case err == nil && number > 0 && len(text) <= longest && strings.HasPrefix(text, strconv.Itoa(status)):
		return text
	}
	return "?"
}
