package accounts

import (
	"errors"
	"fmt"
	"net/http"

	"medixchange/internal/web"
)

// Error is a refusal in the specification's terms: the layer above answers with Status, Code and Message. Test the kind
// with errors.Is against the Err… values of this package.
type Error struct {
	Status  int
	Code    string // errcode
	Message string
	// Extra holds further members of the answer, for example current_version of M_WRONG_ROOM_KEYS_VERSION.
	Extra map[string]any
	kind  *Error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns the kind of the error, so that errors.Is finds it.
func (e *Error) Unwrap() error {
	if e.kind == nil {
		return nil
	}
	return e.kind
}

// Answer returns the error as it is sent.
func (e *Error) Answer() *web.Error {
	answer := web.NewError(e.Status, e.Code, "%s", e.Message)
	for key, value := range e.Extra {
		answer = answer.With(key, value)
	}
	return answer
}

// says returns an error of this kind with its own message.
func (e *Error) says(format string, args ...any) *Error {
	return &Error{Status: e.Status, Code: e.Code, Message: fmt.Sprintf(format, args...), Extra: e.Extra, kind: e}
}

func kind(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// The kinds of errors.
var (
	ErrNotFound         = kind(http.StatusNotFound, "M_NOT_FOUND", "Not found")
	ErrForbidden        = kind(http.StatusForbidden, "M_FORBIDDEN", "Not allowed")
	ErrBadJSON          = kind(http.StatusBadRequest, "M_BAD_JSON", "Unacceptable content")
	ErrInvalidParam     = kind(http.StatusBadRequest, "M_INVALID_PARAM", "Invalid parameter")
	ErrMissingParam     = kind(http.StatusBadRequest, "M_MISSING_PARAM", "Missing parameter")
	ErrUnknown          = kind(http.StatusBadRequest, "M_UNKNOWN", "The request cannot be carried out")
	ErrTooLarge         = kind(http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "Too large")
	ErrServerControlled = kind(http.StatusMethodNotAllowed, "M_BAD_JSON", "This type is controlled by the server")
	ErrProfileTooLarge  = kind(http.StatusBadRequest, "M_PROFILE_TOO_LARGE", "The profile would become larger than 64 KiB")
	ErrKeyTooLarge      = kind(http.StatusBadRequest, "M_KEY_TOO_LARGE", "The name of the field is longer than 255 bytes")

	ErrUserInUse          = kind(http.StatusBadRequest, "M_USER_IN_USE", "This user name is taken")
	ErrInvalidUsername    = kind(http.StatusBadRequest, "M_INVALID_USERNAME", "This is not a valid user name")
	ErrExclusive          = kind(http.StatusBadRequest, "M_EXCLUSIVE", "This name belongs to an application service")
	ErrWeakPassword       = kind(http.StatusBadRequest, "M_WEAK_PASSWORD", "The password is too weak")
	ErrRegistrationClosed = kind(http.StatusForbidden, "M_FORBIDDEN", "Registration is not open here")
	ErrGuests             = kind(http.StatusForbidden, "M_GUEST_ACCESS_FORBIDDEN", "Guests are not admitted here")
	ErrWrongCredentials   = kind(http.StatusForbidden, "M_FORBIDDEN", "Invalid username or password")
	ErrDeactivated        = kind(http.StatusForbidden, "M_USER_DEACTIVATED", "This account has been deactivated")
	ErrLocked             = &Error{Status: http.StatusUnauthorized, Code: "M_USER_LOCKED", Message: "This account has been locked",
		Extra: map[string]any{"soft_logout": true}}
	ErrSuspended = kind(http.StatusForbidden, "M_USER_SUSPENDED", "This account has been suspended: it may read and leave, not write")
	ErrLimited   = kind(http.StatusTooManyRequests, "M_LIMIT_EXCEEDED", "Too many requests")
	// ErrFull is for other servers: what they send has no place until what is there is fetched.
	ErrFull = kind(http.StatusServiceUnavailable, "M_UNKNOWN", "There is no place for this now: send it again later")

	ErrInvalidSignature = kind(http.StatusBadRequest, "M_INVALID_SIGNATURE", "Invalid signature")
	ErrWrongKeysVersion = kind(http.StatusForbidden, "M_WRONG_ROOM_KEYS_VERSION", "This is not the current version of the backup")
)

// UnknownToken is the error of a token that is unknown, expired or revoked: 401 M_UNKNOWN_TOKEN. With SoftLogout the
// client may keep its data and log in again with the same device.
type UnknownToken struct{ SoftLogout bool }

func (e *UnknownToken) Error() string { return "unknown or expired token" }

// Is makes errors.Is(err, ErrUnknownToken) true for either value of SoftLogout.
func (e *UnknownToken) Is(target error) bool { return target == ErrUnknownToken }

// ErrUnknownToken is what every *UnknownToken is.
var ErrUnknownToken = errors.New("unknown token")

// kindOf returns the kind of an error of this package; nil for others.
func kindOf(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return nil
	}
	if e.kind != nil {
		return e.kind
	}
	return e
}
