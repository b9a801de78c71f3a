package federation

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"medixchange/accounts"
	"medixchange/rooms"
)

// RemoteError is a refusal by another server. errors.Is finds in it the errors of rooms and accounts that say the same, so
// callers need not know of HTTP.
type RemoteError struct {
	Server     string
	Status     int
	Code       string // errcode, "" if the answer was no Matrix error
	Message    string
	RetryAfter time.Duration // of a 429 or 503; 0 when not said
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("%s answered %d %s: %s", e.Server, e.Status, e.Code, e.Message)
}

// Is maps the answer to the errors of the layers below.
func (e *RemoteError) Is(kind error) bool {
	switch kind {
	case rooms.ErrNotFound, error(accounts.ErrNotFound):
		return e.Status == http.StatusNotFound && !e.unknownEndpoint()
	case rooms.ErrIncompatibleRoom:
		return e.Code == "M_INCOMPATIBLE_ROOM_VERSION"
	case rooms.ErrUnableToAuthorise:
		return e.Code == "M_UNABLE_TO_AUTHORISE_JOIN"
	case rooms.ErrUnableToGrant:
		return e.Code == "M_UNABLE_TO_GRANT_JOIN"
	case rooms.ErrInviteBlocked:
		return e.Code == "M_INVITE_BLOCKED"
	case rooms.ErrForbidden:
		return e.Status == http.StatusForbidden
	case rooms.ErrUnreachable:
		return e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.unknownEndpoint()
	}
	return false
}

// unknownEndpoint reports whether the server does not know the endpoint at all, so that an older one may be tried.
func (e *RemoteError) unknownEndpoint() bool {
	switch e.Status {
	case http.StatusMethodNotAllowed:
		return true
	case http.StatusNotFound, http.StatusBadRequest:
		return e.Code == "M_UNRECOGNIZED" || e.Code == ""
	}
	return false
}

// maxErrorBody bounds the body of an error that is read.
const maxErrorBody = 64 << 10

func remoteError(server string, resp *http.Response) *RemoteError {
	e := &RemoteError{Server: server, Status: resp.StatusCode}
	var body struct {
		Code         string `json:"errcode"`
		Message      string `json:"error"`
		RetryAfterMS int64  `json:"retry_after_ms"`
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err == nil && json.Unmarshal(text, &body) == nil {
		e.Code, e.Message = body.Code, truncate(body.Message, 200)
		e.RetryAfter = time.Duration(body.RetryAfterMS) * time.Millisecond
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(min(seconds, 24*3600)) * time.Second
	}
	e.RetryAfter = min(max(e.RetryAfter, 0), 24*time.Hour)
	return e
}

func truncate(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
