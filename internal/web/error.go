package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Error is an answer to a request that failed, in the specification's terms. Code and Message go to the client, Err
// only to the log.
type Error struct {
	Status  int
	Code    string // errcode
	Message string
	// Extra holds further members of the body, such as retry_after_ms or soft_logout.
	Extra map[string]any
	// Err is the cause; it is never sent.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Because returns a copy of e with err as its cause, for the log.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// With returns a copy of e with one more member in its body.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Extra = make(map[string]any, len(e.Extra)+1)
	for k, v := range e.Extra {
		c.Extra[k] = v
	}
	c.Extra[key] = value
	return &c
}

// NewError makes an error with the given status and errcode; the message is formatted as by fmt.Sprintf.
func NewError(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// IsCode reports whether err is or wraps an *Error with the errcode.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// The constructors below follow the specification's list of error codes (client-server API, "Standard error
// response"). All take a format and its arguments for the message.

// NotFound is 404 M_NOT_FOUND.
func NotFound(format string, args ...any) *Error {
	return NewError(http.StatusNotFound, "M_NOT_FOUND", format, args...)
}

// Forbidden is 403 M_FORBIDDEN.
func Forbidden(format string, args ...any) *Error {
	return NewError(http.StatusForbidden, "M_FORBIDDEN", format, args...)
}

// BadJSON is 400 M_BAD_JSON: JSON, but not what this endpoint takes.
func BadJSON(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_BAD_JSON", format, args...)
}

// NotJSON is 400 M_NOT_JSON.
func NotJSON(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_NOT_JSON", format, args...)
}

// MissingParam is 400 M_MISSING_PARAM.
func MissingParam(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_MISSING_PARAM", format, args...)
}

// InvalidParam is 400 M_INVALID_PARAM.
func InvalidParam(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_INVALID_PARAM", format, args...)
}

// MissingToken is 401 M_MISSING_TOKEN.
func MissingToken() *Error {
	return NewError(http.StatusUnauthorized, "M_MISSING_TOKEN", "Missing access token")
}

// UnknownToken is 401 M_UNKNOWN_TOKEN. softLogout tells the client that it may keep its data and log in again.
func UnknownToken(softLogout bool) *Error {
	return NewError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN", "Unknown or expired access token").With("soft_logout", softLogout)
}

// Unauthorized is 401 M_UNAUTHORIZED, the answer to a wrong signature of a server among others.
func Unauthorized(format string, args ...any) *Error {
	return NewError(http.StatusUnauthorized, "M_UNAUTHORIZED", format, args...)
}

// UserDeactivated is 403 M_USER_DEACTIVATED.
func UserDeactivated() *Error {
	return NewError(http.StatusForbidden, "M_USER_DEACTIVATED", "This account has been deactivated")
}

// LimitExceeded is 429 M_LIMIT_EXCEEDED with the time after which to try again, in the body and as Retry-After.
func LimitExceeded(retryAfter time.Duration) *Error {
	ms := max(retryAfter.Milliseconds(), 1)
	return NewError(http.StatusTooManyRequests, "M_LIMIT_EXCEEDED", "Too many requests").With("retry_after_ms", ms)
}

// TooLarge is 413 M_TOO_LARGE.
func TooLarge(format string, args ...any) *Error {
	return NewError(http.StatusRequestEntityTooLarge, "M_TOO_LARGE", format, args...)
}

// Unrecognized is M_UNRECOGNIZED with the given status: 404 for an unknown path, 405 for a wrong method.
func Unrecognized(status int) *Error {
	return NewError(status, "M_UNRECOGNIZED", "Unrecognized request")
}

// Unknown is 500 M_UNKNOWN; err goes to the log only.
func Unknown(err error) *Error {
	return NewError(http.StatusInternalServerError, "M_UNKNOWN", "Internal server error").Because(err)
}

// Unavailable is 503 M_UNKNOWN for what passes: a full disk, a busy database, a queue that is full.
func Unavailable(format string, args ...any) *Error {
	return NewError(http.StatusServiceUnavailable, "M_UNKNOWN", format, args...)
}

// BadState is 400 M_BAD_STATE: the room or user is not in a state in which this can be done.
func BadState(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_BAD_STATE", format, args...)
}

// UserInUse is 400 M_USER_IN_USE.
func UserInUse() *Error {
	return NewError(http.StatusBadRequest, "M_USER_IN_USE", "This user name is taken")
}

// InvalidUsername is 400 M_INVALID_USERNAME.
func InvalidUsername(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_INVALID_USERNAME", format, args...)
}

// RoomInUse is 400 M_ROOM_IN_USE: the alias is taken.
func RoomInUse(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_ROOM_IN_USE", format, args...)
}

// InvalidRoomState is 400 M_INVALID_ROOM_STATE.
func InvalidRoomState(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_INVALID_ROOM_STATE", format, args...)
}

// Exclusive is 400 M_EXCLUSIVE: the name belongs to an application service.
func Exclusive(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_EXCLUSIVE", format, args...)
}

// WeakPassword is 400 M_WEAK_PASSWORD.
func WeakPassword(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, "M_WEAK_PASSWORD", format, args...)
}

// UnsupportedRoomVersion is 400 M_UNSUPPORTED_ROOM_VERSION.
func UnsupportedRoomVersion(version string) *Error {
	return NewError(http.StatusBadRequest, "M_UNSUPPORTED_ROOM_VERSION", "Room version %q is not supported", version)
}

// IncompatibleRoomVersion is 400 M_INCOMPATIBLE_ROOM_VERSION with the version of the room.
func IncompatibleRoomVersion(version string) *Error {
	return NewError(http.StatusBadRequest, "M_INCOMPATIBLE_ROOM_VERSION",
		"Your server does not support room version %q", version).With("room_version", version)
}
