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
var roomErrors = []struct {
	err    error
	status int
	code   string
	text   string // "": the error's own words
}{
	{rooms.ErrKeysUnreachable, http.StatusServiceUnavailable, "M_UNKNOWN", "Signing keys could not be fetched"},
	{signing.ErrSignature, http.StatusForbidden, "M_FORBIDDEN", "A signature is missing or wrong"},
	{rooms.ErrNotFound, http.StatusNotFound, "M_NOT_FOUND", "There is no such room, event or state here"},
	{rooms.ErrForbidden, http.StatusForbidden, "M_FORBIDDEN", ""},
	{rooms.ErrBadEvent, http.StatusBadRequest, "M_BAD_JSON", ""},
	{rooms.ErrInvalidParam, http.StatusBadRequest, "M_INVALID_PARAM", ""},
	{rooms.ErrTooLarge, http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "The event is too large"},
	{rooms.ErrUnsupportedRoom, http.StatusBadRequest, "M_UNSUPPORTED_ROOM_VERSION", "The room version is not supported"},
	{rooms.ErrIncompatibleRoom, http.StatusBadRequest, "M_INCOMPATIBLE_ROOM_VERSION", "The room version is not supported by both sides"},
	{rooms.ErrBusy, http.StatusServiceUnavailable, "M_UNKNOWN", "The server is busy: try again later"},
	{rooms.ErrUnreachable, http.StatusNotFound, "M_NOT_FOUND", "This server is not in the room"},
	{rooms.ErrUnableToAuthorise, http.StatusBadRequest, "M_UNABLE_TO_AUTHORISE_JOIN", ""},
	{rooms.ErrUnableToGrant, http.StatusForbidden, "M_UNABLE_TO_GRANT_JOIN", ""},
}

// mapError turns the errors of the layers below into answers.
func (s *Server) mapError(err error) *web.Error {
	var refused *accounts.Error
	if errors.As(err, &refused) {
		e := web.NewError(refused.Status, refused.Code, "%s", refused.Message)
		for key, value := range refused.Extra {
			e = e.With(key, value)
		}
		return e
	}
	for _, m := range roomErrors {
		if !errors.Is(err, m.err) {
			continue
		}
		text := m.text
		if text == "" {
			text = err.Error()
		}
		return web.NewError(m.status, m.code, "%s", text)
	}
	if s.o.MapError != nil {
		return s.o.MapError(err)
	}
	return nil
}
