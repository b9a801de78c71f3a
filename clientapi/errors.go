package clientapi

import (
	"errors"
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// roomErrors says what a client is told of each error of rooms. The sentence of the error itself is sent only where it was
// written for people: a refusal names the rule, a bad event what is wrong with it.
var roomErrors = web.Refusals{
	{Err: rooms.ErrInvalidRoomState, Status: http.StatusBadRequest, Code: "M_INVALID_ROOM_STATE"},
	{Err: rooms.ErrNotFound, Status: http.StatusNotFound, Code: "M_NOT_FOUND", Text: "There is no such room, event or state."},
	{Err: rooms.ErrForbidden, Status: http.StatusForbidden, Code: "M_FORBIDDEN"},
	{Err: rooms.ErrBadEvent, Status: http.StatusBadRequest, Code: "M_BAD_JSON"},
	{Err: rooms.ErrInvalidParam, Status: http.StatusBadRequest, Code: "M_INVALID_PARAM"},
	{Err: rooms.ErrTooLarge, Status: http.StatusRequestEntityTooLarge, Code: "M_TOO_LARGE", Text: "The event is larger than 65,536 bytes: send less at once."},
	{Err: rooms.ErrUnsupportedRoom, Status: http.StatusBadRequest, Code: "M_UNSUPPORTED_ROOM_VERSION", Text: "This server does not support this room version."},
	{Err: rooms.ErrIncompatibleRoom, Status: http.StatusBadRequest, Code: "M_INCOMPATIBLE_ROOM_VERSION", Text: "The room has a version that this server does not support."},
	{Err: rooms.ErrAliasTaken, Status: http.StatusConflict, Code: "M_UNKNOWN", Text: "This alias is taken."},
	{Err: rooms.ErrBadAlias, Status: http.StatusBadRequest, Code: "M_BAD_ALIAS", Text: "The alias does not point to this room."},
	{Err: rooms.ErrAnnotated, Status: http.StatusBadRequest, Code: "M_DUPLICATE_ANNOTATION", Text: "You have annotated this event in the same way already."},
	{Err: rooms.ErrSticky, Status: http.StatusTooManyRequests, Code: "M_LIMIT_EXCEEDED", Text: "Too many events are sticky in this room: try again when some have expired."},
	{Err: rooms.ErrBusy, Status: http.StatusTooManyRequests, Code: "M_LIMIT_EXCEEDED", Text: "The room is busy: try again in a moment."},
	{Err: rooms.ErrUnreachable, Status: http.StatusBadGateway, Code: "M_UNKNOWN", Text: "No server of the room could be reached."},
	{Err: rooms.ErrUnableToAuthorise, Status: http.StatusBadRequest, Code: "M_UNABLE_TO_AUTHORISE_JOIN"},
	{Err: rooms.ErrUnableToGrant, Status: http.StatusForbidden, Code: "M_UNABLE_TO_GRANT_JOIN"},
}

// mapError turns the errors of the layers below into the specification's.
func (a *API) mapError(err error) *web.Error {
	var refused *accounts.Error
	var unknown *accounts.UnknownToken
	switch {
	case errors.As(err, &unknown):
		return web.UnknownToken(unknown.SoftLogout).Because(err)
	case errors.As(err, &refused):
		return refused.Answer().Because(err)
	}
	if answer := roomErrors.Of(err); answer != nil {
		return answer
	}
	if a.MapError != nil {
		return a.MapError(err)
	}
	return nil
}
