package federation

import (
	"errors"
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/signing"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// roomErrors says what another server is told of each error of rooms; the first that fits counts. The sentence of the
// error itself is sent only where it was written for people.
var roomErrors = web.Refusals{
	{Err: rooms.ErrKeysUnreachable, Status: http.StatusServiceUnavailable, Code: "M_UNKNOWN", Text: "Signing keys could not be fetched"},
	{Err: signing.ErrSignature, Status: http.StatusForbidden, Code: "M_FORBIDDEN", Text: "A signature is missing or wrong"},
	{Err: rooms.ErrNotFound, Status: http.StatusNotFound, Code: "M_NOT_FOUND", Text: "There is no such room, event or state here"},
	{Err: rooms.ErrForbidden, Status: http.StatusForbidden, Code: "M_FORBIDDEN"},
	{Err: rooms.ErrBadEvent, Status: http.StatusBadRequest, Code: "M_BAD_JSON"},
	{Err: rooms.ErrInvalidParam, Status: http.StatusBadRequest, Code: "M_INVALID_PARAM"},
	{Err: rooms.ErrTooLarge, Status: http.StatusRequestEntityTooLarge, Code: "M_TOO_LARGE", Text: "The event is too large"},
	{Err: rooms.ErrUnsupportedRoom, Status: http.StatusBadRequest, Code: "M_UNSUPPORTED_ROOM_VERSION", Text: "The room version is not supported"},
	{Err: rooms.ErrIncompatibleRoom, Status: http.StatusBadRequest, Code: "M_INCOMPATIBLE_ROOM_VERSION", Text: "The room version is not supported by both sides"},
	{Err: rooms.ErrBusy, Status: http.StatusServiceUnavailable, Code: "M_UNKNOWN", Text: "The server is busy: try again later"},
	{Err: rooms.ErrUnreachable, Status: http.StatusNotFound, Code: "M_NOT_FOUND", Text: "This server is not in the room"},
	{Err: rooms.ErrUnableToAuthorise, Status: http.StatusBadRequest, Code: "M_UNABLE_TO_AUTHORISE_JOIN"},
	{Err: rooms.ErrUnableToGrant, Status: http.StatusForbidden, Code: "M_UNABLE_TO_GRANT_JOIN"},
}

// mapError turns the errors of the layers below into answers.
func (s *Server) mapError(err error) *web.Error {
	var refused *accounts.Error
	if errors.As(err, &refused) {
		return refused.Answer().Because(err)
	}
	if answer := roomErrors.Of(err); answer != nil {
		return answer
	}
	if s.o.MapError != nil {
		return s.o.MapError(err)
	}
	return nil
}
