package clientapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

func (a *API) sendRoutes() {
	a.v3(http.MethodPut, "/rooms/{roomID}/send/{type}/{txnID}", a.limited(a.limits.message, a.sendMessage))
	a.v3(http.MethodPost, "/rooms/{roomID}/send/{type}", a.limited(a.limits.message, a.sendMessage))
	a.v3(http.MethodPut, "/rooms/{roomID}/redact/{eventID}/{txnID}", a.limited(a.limits.message, a.redact))
	for _, path := range []string{"/rooms/{roomID}/state/{type}/{stateKey}", "/rooms/{roomID}/state/{type}/", "/rooms/{roomID}/state/{type}"} {
		a.v3(http.MethodPut, path, a.limited(a.limits.message, writing(a.sendState)))
	}
}

// sendMessage answers PUT /send. The answer is given once the event survives power loss; the same transaction id gives the
// same event ID.
func (a *API) sendMessage(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	body, err := eventBody(r)
	if err != nil {
		return nil, err
	}
	content, err := a.View.FromClient(r.Context(), viewer(d), body)
	if err != nil {
		return nil, err
	}
	roomID, typ := web.Var(r, "roomID"), web.Var(r, "type")
	redacts := ""
	if typ == "m.room.redaction" { // asked of the body as it came: content names real events only
		if redacts, err = a.redactionTarget(r.Context(), d, redactsOf(body)); err != nil {
			return nil, err
		}
	} else if d.Suspended {
		return nil, accounts.ErrSuspended
	}
	return a.send(r, d, rooms.SendRequest{
		RoomID: roomID, Type: typ, Content: content, Redacts: redacts, Txn: txn(r, d, "send/"+typ),
	})
}

func redactsOf(content json.RawMessage) string {
	var c struct {
		Redacts string `json:"redacts"`
	}
	_ = json.Unmarshal(content, &c) // not a string: the room refuses the event
	return c.Redacts
}

func (a *API) redact(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	content, err := a.content(r, d)
	if err != nil {
		return nil, err
	}
	target, err := a.redactionTarget(r.Context(), d, web.Var(r, "eventID"))
	if err != nil {
		return nil, err
	}
	return a.send(r, d, rooms.SendRequest{
		RoomID: web.Var(r, "roomID"), Type: "m.room.redaction", Content: content, Redacts: target,
		Txn: txn(r, d, "redact/"+target),
	})
}

// redactionTarget refuses to redact what exists for one viewer only: a late translation is nobody's message. Who is
// suspended may take back only their own.
func (a *API) redactionTarget(ctx context.Context, d *accounts.Device, id string) (string, error) {
	target, synthetic, err := a.View.MapID(ctx, viewer(d), id)
	if err != nil {
		return "", err
	}
	if synthetic {
		return "", web.Forbidden("This is a translation that only you see. Redact the message that it translates.")
	}
	if !d.Suspended {
		return target, nil
	}
	ev, err := a.Rooms.Event(ctx, target)
	if err != nil {
		return "", err
	}
	if ev.Sender != d.UserID {
		return "", accounts.ErrSuspended
	}
	return target, nil
}

func (a *API) sendState(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	body, err := eventBody(r)
	if err != nil {
		return nil, err
	}
	key := web.Var(r, "stateKey")
	if unchanged, err := a.ownTopic(r, d, &key, body); err != nil || unchanged != nil {
		return unchanged, err
	}
	content, err := a.View.FromClient(r.Context(), viewer(d), body)
	if err != nil {
		return nil, err
	}
	return a.send(r, d, rooms.SendRequest{
		RoomID: web.Var(r, "roomID"), Type: web.Var(r, "type"), StateKey: &key, Content: content,
	})
}

// ownTopic answers for a topic that is a translation which the sender was shown; nil for any other event.
func (a *API) ownTopic(r *http.Request, d *accounts.Device, stateKey *string, body json.RawMessage) (any, error) {
	if web.Var(r, "type") != "m.room.topic" || stateKey == nil || *stateKey != "" {
		return nil, nil
	}
	unchanged, err := a.View.TopicFromClient(r.Context(), viewer(d), web.Var(r, "roomID"), body)
	switch {
	case errors.Is(err, view.ErrTranslated):
		return nil, web.InvalidParam("%v", err)
	case err != nil:
		return nil, err
	case unchanged != "":
		return map[string]string{"event_id": unchanged}, nil
	}
	return nil, nil
}

func (a *API) send(r *http.Request, d *accounts.Device, req rooms.SendRequest) (any, error) {
	req.Sender = d.UserID
	if d.AppserviceID != "" {
		ts, err := timestamp(r)
		if err != nil {
			return nil, err
		}
		req.Timestamp = ts
	}
	var err error
	if req.Sticky, err = millis(r, "org.matrix.msc4354.sticky_duration_ms"); err != nil {
		return nil, err
	}
	if r.URL.Query().Has(delayParameter) {
		return a.sendLater(r, req)
	}
	eventID, err := a.Rooms.Send(r.Context(), req)
	if err != nil {
		return nil, err
	}
	return map[string]string{"event_id": eventID}, nil
}

// content reads an event's content: ids that exist for this viewer only become real ones, translation marks go.
func (a *API) content(r *http.Request, d *accounts.Device) (json.RawMessage, error) {
	body, err := eventBody(r)
	if err != nil {
		return nil, err
	}
	return a.View.FromClient(r.Context(), viewer(d), body)
}

func eventBody(r *http.Request) (json.RawMessage, error) {
	body, err := web.ReadJSON(r, maxEventBody)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 || body[0] != '{' {
		return nil, web.BadJSON("The content of an event is a JSON object.")
	}
	return body, nil
}

// maxEventBody lets somewhat larger bodies in than an event may have, so that the answer can say what is wrong.
const maxEventBody = 128 << 10

func txn(r *http.Request, d *accounts.Device, action string) *rooms.Txn {
	id := web.Var(r, "txnID")
	if id == "" {
		return nil
	}
	return &rooms.Txn{Scope: d.Scope, Path: web.Var(r, "roomID") + "/" + action, ID: id}
}

// timestamp is the time that an application service gives its event (Application Service API, Timestamp massaging).
func timestamp(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("ts")
	if text == "" {
		return 0, nil
	}
	ts, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ts < 0 {
		return 0, web.InvalidParam("ts must be milliseconds since 1970.")
	}
	return ts, nil
}
