package rooms

import "errors"

// Errors that the layers above turn into Matrix errors. They are wrapped with what was being done; test with errors.Is.
var (
	ErrNotFound          = errors.New("not found")                                 // M_NOT_FOUND
	ErrForbidden         = errors.New("not allowed")                               // M_FORBIDDEN; the message says which rule
	ErrBadEvent          = errors.New("malformed event")                           // M_BAD_JSON
	ErrInvalidParam      = errors.New("invalid parameter")                         // M_INVALID_PARAM
	ErrTooLarge          = errors.New("event too large")                           // M_TOO_LARGE
	ErrUnsupportedRoom   = errors.New("unsupported room version")                  // M_UNSUPPORTED_ROOM_VERSION
	ErrIncompatibleRoom  = errors.New("room version not among those offered")      // M_INCOMPATIBLE_ROOM_VERSION
	ErrAliasTaken        = errors.New("alias is taken")                            // M_ROOM_IN_USE
	ErrBadAlias          = errors.New("alias does not point to this room")         // M_BAD_ALIAS
	ErrAnnotated         = errors.New("the same annotation is there already")      // M_DUPLICATE_ANNOTATION
	ErrSticky            = errors.New("too many sticky events")                    // 429 M_LIMIT_EXCEEDED
	ErrBusy              = errors.New("room is busy")                              // 429 for clients, inbox for servers
	ErrInvalidRoomState  = errors.New("the request's state does not fit together") // M_INVALID_ROOM_STATE
	ErrUnreachable       = errors.New("no server of the room could be reached")    // 502/504 M_UNKNOWN
	ErrKeysUnreachable   = errors.New("signing keys could not be fetched")         // the event waits
	ErrUnableToAuthorise = errors.New("no local user can authorise this join")     // M_UNABLE_TO_AUTHORISE_JOIN
	ErrUnableToGrant     = errors.New("no local user has the power to authorise")  // M_UNABLE_TO_GRANT_JOIN
)
