package clientapi

import (
	"context"
	"errors"
	"net/http"

	"medixchange/accounts"
	"medixchange/clientapi/sync"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// reading is one user's access to a room that they are or were in, or that the world may read.
type reading struct {
	roomID     string
	viewer     view.Viewer
	snapshot   *rooms.Snapshot
	membership string
	// stateNID is the state that the user may see: the current one of members, that of their going for those who left.
	stateNID int64
}

var errNotMember = web.Forbidden("You are not in this room.")

// read checks that the user may read the room at all; single events are decided by view.Visible.
func (a *API) read(ctx context.Context, d *accounts.Device, roomID string) (*reading, error) {
	snap, err := a.Rooms.Snapshot(ctx, roomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, errNotMember // whether a room exists is not told to strangers
	}
	if err != nil {
		return nil, err
	}
	v, err := a.View.Viewer(ctx, d.UserID, d.DeviceID, d.Scope)
	if err != nil {
		return nil, err
	}
	membership, eventNID, err := a.Rooms.Membership(ctx, roomID, d.UserID)
	if err != nil && !errors.Is(err, rooms.ErrNotFound) {
		return nil, err
	}
	rd := &reading{roomID: roomID, viewer: v, snapshot: snap, membership: membership, stateNID: snap.StateNID}
	switch membership {
	case "join":
		return rd, nil
	case "leave", "ban":
		return rd, a.readAfterLeaving(ctx, rd, eventNID)
	}
	if snap.Visibility != rooms.VisibilityWorldReadable {
		return nil, errNotMember
	}
	return rd, nil
}

// readAfterLeaving lets those who were in the room see it as it was when they went.
func (a *API) readAfterLeaving(ctx context.Context, rd *reading, leftBy int64) error {
	if rd.snapshot.Visibility == rooms.VisibilityWorldReadable {
		return nil
	}
	intervals, err := a.Rooms.Intervals(ctx, rd.roomID, rd.viewer.UserID)
	if err != nil {
		return err
	}
	wasIn := false
	for _, i := range intervals {
		wasIn = wasIn || i.Membership == "join"
	}
	forgotten, err := a.forgotten(ctx, rd)
	if err != nil {
		return err
	}
	if !wasIn || forgotten {
		return errNotMember
	}
	events, err := a.Rooms.Events(ctx, []int64{leftBy})
	if err != nil {
		return err
	}
	if ev := events[leftBy]; ev != nil {
		rd.stateNID, err = a.Rooms.StateAfter(ctx, ev)
	}
	return err
}

func (a *API) forgotten(ctx context.Context, rd *reading) (bool, error) {
	all, err := a.Rooms.UserRooms(ctx, rd.viewer.UserID)
	if err != nil {
		return false, err
	}
	for _, m := range all {
		if m.RoomID == rd.roomID {
			return m.Forgotten, nil
		}
	}
	return false, nil
}

// member is read for requests that only members may make.
func (a *API) member(ctx context.Context, d *accounts.Device, roomID string) (*reading, error) {
	rd, err := a.read(ctx, d, roomID)
	if err != nil {
		return nil, err
	}
	if rd.membership != "join" {
		return nil, errNotMember
	}
	return rd, nil
}

// state returns the state that the reader may see.
func (a *API) state(ctx context.Context, rd *reading, keep func(typ, key string) bool) ([]*rooms.Event, error) {
	return a.Rooms.StateAt(ctx, rd.stateNID, keep)
}

// visible returns an event that the reader may see, ErrNotFound for all others, whether they exist or not.
func (a *API) visible(ctx context.Context, rd *reading, eventID string) (*rooms.Event, error) {
	real, _, err := a.View.MapID(ctx, rd.viewer, eventID)
	if err != nil {
		return nil, err
	}
	ev, err := a.Rooms.EnsureEvent(ctx, rd.roomID, real)
	if err != nil {
		return nil, err
	}
	shown, err := a.View.Visible(ctx, rd.viewer, rd.roomID, []*rooms.Event{ev})
	if err != nil {
		return nil, err
	}
	if len(shown) == 0 {
		return nil, web.NotFound("There is no such event, or you may not see it.")
	}
	return ev, nil
}

// eventFilter is the filter parameter of /messages and /context.
func eventFilter(r *http.Request) (*sync.EventFilter, error) {
	text := r.URL.Query().Get("filter")
	if text == "" {
		return &sync.EventFilter{}, nil
	}
	return sync.ParseEventFilter([]byte(text))
}

// historyToken reads a token parameter, def if it is absent.
func historyToken(r *http.Request, name string, room int64, def rooms.HistoryKey) (rooms.HistoryKey, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return def, nil
	}
	key, err := sync.ParseHistory(text, room)
	if err != nil {
		return key, web.InvalidParam("%s is not a token of this server.", name).Because(err)
	}
	return key, nil
}
