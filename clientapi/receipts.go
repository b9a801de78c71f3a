package clientapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// maxTyping bounds how long a client may say that its user is typing.
const maxTyping = 2 * time.Minute

func (a *API) receiptRoutes() {
	a.v3(http.MethodPost, "/rooms/{roomID}/receipt/{receiptType}/{eventID}", a.limited(a.limits.other, a.receipt))
	a.v3(http.MethodPost, "/rooms/{roomID}/read_markers", a.limited(a.limits.other, a.readMarkers))
	a.v3(http.MethodPut, "/rooms/{roomID}/typing/{userID}", a.limited(a.limits.other, a.typing))
	a.v3(http.MethodGet, "/presence/{userID}/status", a.authed(a.presence))
	a.v3(http.MethodPut, "/presence/{userID}/status", a.limited(a.limits.other, a.setPresence))
}

// receipt answers POST /receipt (Client-Server API, Receipts; fully read markers since v1.4).
func (a *API) receipt(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		ThreadID *string `json:"thread_id"`
	}
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	thread := ""
	if body.ThreadID != nil {
		if thread = *body.ThreadID; thread == "" {
			return nil, web.InvalidParam("thread_id must be main or the id of a thread's root.")
		}
		var err error
		if thread, _, err = a.View.MapID(r.Context(), viewer(d), thread); err != nil {
			return nil, err
		}
	}
	roomID, typ := web.Var(r, "roomID"), web.Var(r, "receiptType")
	if _, err := a.member(r.Context(), d, roomID); err != nil {
		return nil, err
	}
	if typ == "m.fully_read" {
		if thread != "" {
			return nil, web.InvalidParam("m.fully_read belongs to no thread.")
		}
		return nil, a.setMarker(r, d, roomID, typ, web.Var(r, "eventID"), "")
	}
	return nil, a.setMarker(r, d, roomID, typ, web.Var(r, "eventID"), thread)
}

// setMarker stores a receipt or the fully-read marker. An id that exists for this viewer only counts for the newest real
// event that they could see.
func (a *API) setMarker(r *http.Request, d *accounts.Device, roomID, typ, id, thread string) error {
	eventID, err := a.View.MapReceipt(r.Context(), viewer(d), roomID, id, thread)
	if err != nil {
		return err
	}
	switch typ {
	case "m.fully_read":
		if eventID != id {
			if back, err := a.marksEarlier(r.Context(), d, roomID, eventID); err != nil || back {
				return err
			}
		}
		return a.Accounts.SetFullyRead(r.Context(), d.UserID, roomID, eventID)
	case "m.read", "m.read.private":
		return a.Rooms.SetReceipt(r.Context(), rooms.Receipt{
			RoomID: roomID, UserID: d.UserID, Type: typ, ThreadID: thread, EventID: eventID, TS: a.Now().UnixMilli(),
		})
	}
	return web.InvalidParam("The type of a receipt is m.read, m.read.private or m.fully_read.")
}

// marksEarlier reports whether an event lies before the fully-read marker: a late translation that is read must not take the
// marker back (TRANSLATION 4).
func (a *API) marksEarlier(ctx context.Context, d *accounts.Device, roomID, eventID string) (bool, error) {
	raw, err := a.Accounts.AccountData(ctx, d.UserID, roomID, "m.fully_read")
	if errors.Is(err, accounts.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var marker struct {
		EventID string `json:"event_id"`
	}
	if err := json.Unmarshal(raw, &marker); err != nil {
		return false, err
	}
	marked, err := a.Rooms.Event(ctx, marker.EventID)
	if errors.Is(err, rooms.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ev, err := a.Rooms.Event(ctx, eventID)
	return err == nil && ev.Key.Less(marked.Key), err
}

func (a *API) readMarkers(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		FullyRead string `json:"m.fully_read"`
		Read      string `json:"m.read"`
		Private   string `json:"m.read.private"`
	}
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	roomID := web.Var(r, "roomID")
	if _, err := a.member(r.Context(), d, roomID); err != nil {
		return nil, err
	}
	for typ, id := range map[string]string{"m.fully_read": body.FullyRead, "m.read": body.Read, "m.read.private": body.Private} {
		if id == "" {
			continue
		}
		if err := a.setMarker(r, d, roomID, typ, id, ""); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (a *API) typing(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	var body struct {
		Typing  bool  `json:"typing"`
		Timeout int64 `json:"timeout"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	roomID := web.Var(r, "roomID")
	if _, err := a.member(r.Context(), d, roomID); err != nil {
		return nil, err
	}
	timeout := time.Duration(0) // no longer typing
	if body.Typing {
		timeout = min(max(time.Duration(body.Timeout)*time.Millisecond, time.Second), maxTyping)
	}
	a.Rooms.SetTyping(roomID, d.UserID, timeout)
	return nil, nil
}

func (a *API) presence(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	p, err := a.Accounts.Presence(r.Context(), d.UserID, web.Var(r, "userID"))
	if err != nil {
		return nil, err
	}
	out := map[string]any{"presence": p.Presence}
	if p.StatusMsg != "" {
		out["status_msg"] = p.StatusMsg
	}
	if p.LastActive > 0 {
		out["last_active_ago"] = max(a.Now().UnixMilli()-p.LastActive, 0)
	}
	return out, nil
}

func (a *API) setPresence(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	var body struct {
		Presence  string `json:"presence"`
		StatusMsg string `json:"status_msg"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	return nil, a.Accounts.SetPresence(r.Context(), d.UserID, body.Presence, body.StatusMsg)
}
