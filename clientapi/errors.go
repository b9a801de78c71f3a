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
var roomErrors = []struct {
	err    error
	status int
	code   string
	text   string // "": the error's own words
}{
	{rooms.ErrInvalidRoomState, http.StatusBadRequest, "M_INVALID_ROOM_STATE", ""},
	{rooms.ErrNotFound, http.StatusNotFound, "M_NOT_FOUND", "There is no such room, event or state."},
	{rooms.ErrForbidden, http.StatusForbidden, "M_FORBIDDEN", ""},
	{rooms.ErrBadEvent, http.StatusBadRequest, "M_BAD_JSON", ""},
	{rooms.ErrInvalidParam, http.StatusBadRequest, "M_INVALID_PARAM", ""},
	{rooms.ErrTooLarge, http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "The event is larger than 65,536 bytes: send less at once."},
	{rooms.ErrUnsupportedRoom, http.StatusBadRequest, "M_UNSUPPORTED_ROOM_VERSION", "This server does not support this room version."},
	{rooms.ErrIncompatibleRoom, http.StatusBadRequest, "M_INCOMPATIBLE_ROOM_VERSION", "The room has a version that this server does not support."},
	{rooms.ErrAliasTaken, http.StatusConflict, "M_UNKNOWN", "This alias is taken."},
	{rooms.ErrBadAlias, http.StatusBadRequest, "M_BAD_ALIAS", "The alias does not point to this room."},
	{rooms.ErrAnnotated, http.StatusBadRequest, "M_DUPLICATE_ANNOTATION", "You have annotated this event in the same way already."},
	{rooms.ErrBusy, http.StatusTooManyRequests, "M_LIMIT_EXCEEDED", "The room is busy: try again in a moment."},
	{rooms.ErrUnreachable, http.StatusBadGateway, "M_UNKNOWN", "No server of the room could be reached."},
	{rooms.ErrUnableToAuthorise, http.StatusBadRequest, "M_UNABLE_TO_AUTHORISE_JOIN", ""},
	{rooms.ErrUnableToGrant, http.StatusForbidden, "M_UNABLE_TO_GRANT_JOIN", ""},
}

// mapError turns the errors of the layers below into the specification's.
func (a *API) mapError(err error) *web.Error {
	var refused *accounts.Error
	var unknown *accounts.UnknownToken
	switch {
	case errors.As(err, &unknown):
		return web.UnknownToken(unknown.SoftLogout).Because(err)
	case errors.As(err, &refused):
		e := web.NewError(refused.Status, refused.Code, "%s", refused.Message).Because(err)
		for k, v := range refused.Extra {
			e = e.With(k, v)
		}
		return e
	}
	for _, m := range roomErrors {
		if errors.Is(err, m.err) {
			text := m.text
			if text == "" {
				text = err.Error()
			}
			return web.NewError(m.status, m.code, "%s", text).Because(err)
		}
	}
	if a.MapError != nil {
		return a.MapError(err)
	}
	return nil
}
