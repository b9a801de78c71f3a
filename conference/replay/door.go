package replay

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"medixchange/conference/manifest"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// errNotHere is the answer to everybody who may not replay, whether there is a recording or not.
var errNotHere = web.NotFound("There is no such recording, or you are not in its room.")

// mapError turns the errors of rooms into answers.
func mapError(err error) *web.Error {
	var shown *web.Error
	switch {
	case errors.As(err, &shown):
		return shown
	case errors.Is(err, rooms.ErrNotFound), errors.Is(err, rooms.ErrForbidden):
		return errNotHere
	case errors.Is(err, rooms.ErrUnreachable):
		return web.NewError(http.StatusBadGateway, "M_UNKNOWN", "The hospital that made this recording cannot be reached now.").Because(err)
	}
	return nil
}

// mayReplay lets in who is joined to the room of a recording now and could read what was written there at its end: as with
// messages, the room's history visibility decides about those who came later. Who left, or was removed, is not let in any more.
func (p *Replay) mayReplay(ctx context.Context, userID string, m *manifest.Manifest) error {
	snap, err := p.o.Rooms.Snapshot(ctx, m.RoomID)
	if err != nil {
		return fmt.Errorf("reading the room of a recording: %w", err)
	}
	if snap.Membership(userID) != "join" {
		return errNotHere
	}
	last, err := p.o.Rooms.EventNearHere(ctx, m.RoomID, m.StartedTS+m.Duration(), rooms.Backward)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil // a clock that stood wrong: nothing of the room is so old
	}
	if err != nil {
		return fmt.Errorf("finding the end of a recording in its room: %w", err)
	}
	if last.Visibility == rooms.VisibilityShared || last.Visibility == rooms.VisibilityWorldReadable {
		return nil
	}
	intervals, err := p.o.Rooms.Intervals(ctx, m.RoomID, userID)
	if err != nil {
		return fmt.Errorf("reading membership intervals: %w", err)
	}
	switch at := membershipAt(intervals, last.Key); {
	case at == "join", at == "invite" && last.Visibility == rooms.VisibilityInvited:
		return nil
	}
	return errNotHere
}

func membershipAt(intervals []rooms.Interval, at rooms.HistoryKey) string {
	membership := ""
	for _, i := range intervals {
		if at.Less(i.From) {
			break
		}
		membership = i.Membership
	}
	return membership
}
