package clientapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"medixchange/accounts"
	"medixchange/accounts/delayed"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const (
	delayPrefix    = "/_matrix/client/unstable/org.matrix.msc4140"
	delayParameter = "org.matrix.msc4140.delay"
)

// delayedRoutes are those of MSC4140: the path forms, the older form with the action in the body, and the endpoint that the
// proposal has now for scheduling. Deployed clients schedule with a parameter of /send and /state, see send.
func (a *API) delayedRoutes() {
	handle := func(method, path string, h web.Handler) { a.router.Handle(method, delayPrefix+path, h) }
	handle(http.MethodPut, "/rooms/{roomID}/delayed_event/{type}/{txnID}", a.limited(a.limits.message, writing(a.schedule)))
	handle(http.MethodGet, "/delayed_events", a.limited(a.limits.other, a.delayedEvents))
	handle(http.MethodGet, "/delayed_events/{delayID}", a.limited(a.limits.other, a.delayedEvent))
	handle(http.MethodPost, "/delayed_events/{delayID}", a.manageDelayed)
	handle(http.MethodPost, "/delayed_events/{delayID}/{action}", a.manageDelayed)
}

func (a *API) delayedLimits() map[string]any {
	longest, scheduled := a.Delayed.Limits()
	return map[string]any{"max_delay_ms": longest.Milliseconds(), "max_scheduled": scheduled}
}

// millis reads a parameter of the query that is a number of milliseconds, 0 without it.
func millis(r *http.Request, name string) (time.Duration, error) {
	if !r.URL.Query().Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 32)
	if err != nil || n < 0 {
		return 0, web.InvalidParam("%s must be a number of milliseconds.", name)
	}
	return time.Duration(n) * time.Millisecond, nil
}

// sendLater schedules what /send, /state or /redact would send.
func (a *API) sendLater(r *http.Request, req rooms.SendRequest) (any, error) {
	delay, err := strconv.ParseInt(r.URL.Query().Get(delayParameter), 10, 64)
	if err != nil || delay <= 0 || delay > maxMillis {
		return nil, web.InvalidParam("%s must be a positive number of milliseconds.", delayParameter)
	}
	return a.delayed(r, req, delay)
}

// maxMillis keeps a number of milliseconds within a time.Duration.
const maxMillis = int64(1<<63-1) / int64(time.Millisecond)

func (a *API) delayed(r *http.Request, req rooms.SendRequest, delay int64) (any, error) {
	if req.Type == "m.room.member" {
		return nil, web.Forbidden("Memberships cannot be delayed.")
	}
	id, err := a.Delayed.Schedule(r.Context(), delayed.Request{SendRequest: req, Delay: time.Duration(delay) * time.Millisecond})
	if err != nil {
		return nil, err
	}
	return map[string]string{"delay_id": id}, nil
}

// schedule answers PUT /delayed_event. It asks of the content what /send and /state ask.
func (a *API) schedule(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	body, err := readSchedule(r)
	if err != nil {
		return nil, err
	}
	if unchanged, err := a.ownTopic(r, d, body.StateKey, body.Content); err != nil || unchanged != nil {
		return unchanged, err
	}
	typ := web.Var(r, "type")
	redacts := ""
	if typ == "m.room.redaction" { // asked of the body as it came: content names real events only
		if redacts, err = a.redactionTarget(r.Context(), d, redactsOf(body.Content)); err != nil {
			return nil, err
		}
	}
	content, err := a.View.FromClient(r.Context(), viewer(d), body.Content)
	if err != nil {
		return nil, err
	}
	sticky, err := millis(r, "org.matrix.msc4354.sticky_duration_ms")
	if err != nil {
		return nil, err
	}
	return a.delayed(r, rooms.SendRequest{
		RoomID: web.Var(r, "roomID"), Sender: d.UserID, Type: typ, StateKey: body.StateKey, Content: content, Sticky: sticky,
		Redacts: redacts, Txn: txn(r, d, "delayed/"+typ),
	}, *body.Delay)
}

// scheduleRequest is the body of PUT /delayed_event.
type scheduleRequest struct {
	Delay    *int64          `json:"delay_ms"`
	StateKey *string         `json:"state_key"`
	Content  json.RawMessage `json:"content"`
}

func readSchedule(r *http.Request) (*scheduleRequest, error) {
	var body scheduleRequest
	if err := web.Decode(r, &body, maxEventBody); err != nil {
		return nil, err
	}
	switch {
	case body.Delay == nil || len(body.Content) == 0:
		return nil, web.MissingParam("delay_ms and content are required.")
	case *body.Delay <= 0 || *body.Delay > maxMillis:
		return nil, web.InvalidParam("delay_ms must be a positive number of milliseconds.")
	case body.Content[0] != '{':
		return nil, web.BadJSON("The content of an event is a JSON object.")
	}
	return &body, nil
}

// manageDelayed restarts, sends or cancels an event. Without an access token the delay id itself is the right to restart and
// to send: the call's token service, to which the owner has given it, has no other.
func (a *API) manageDelayed(_ http.ResponseWriter, r *http.Request) (any, error) {
	userID, err := a.manager(r)
	if err != nil {
		return nil, err
	}
	action := web.Var(r, "action")
	if action == "" {
		var body struct {
			Action string `json:"action"`
		}
		if err := web.Decode(r, &body, maxActionBody); err != nil {
			return nil, err
		}
		if action = body.Action; action == "" {
			return nil, web.MissingParam("action is missing.")
		}
	}
	id := web.Var(r, "delayID")
	switch action {
	case "restart":
		err = a.Delayed.Restart(r.Context(), userID, id)
	case "send":
		err = a.Delayed.Send(r.Context(), userID, id)
	case "cancel":
		if userID == delayed.Anyone {
			return nil, web.MissingToken()
		}
		err = a.Delayed.Cancel(r.Context(), userID, id)
	default:
		return nil, web.InvalidParam("action is cancel, restart or send.")
	}
	if err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

const maxActionBody = 4 << 10

// manager returns who asks, and counts it.
func (a *API) manager(r *http.Request) (string, error) {
	if _, ok := web.AccessToken(r); !ok {
		return delayed.Anyone, a.limits.other.Check(a.clientIP(r))
	}
	d, err := a.device(r)
	if err != nil {
		return "", err
	}
	return d.UserID, a.limits.other.Check(d.UserID)
}

func (a *API) delayedEvent(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	ev, err := a.Delayed.Get(r.Context(), d.UserID, web.Var(r, "delayID"))
	if err != nil {
		return nil, err
	}
	shown := shownDelayed(ev)
	if ev.FinalisedAt.IsZero() {
		return shown, nil
	}
	finalised := map[string]any{"finalised_ts": ev.FinalisedAt.UnixMilli()}
	if ev.EventID != "" {
		finalised["event_id"] = ev.EventID
	}
	if ev.Error != nil {
		finalised["error"] = ev.Error
	}
	for key, value := range finalised {
		shown[key] = value
	}
	shown["finalised"] = finalised // where an earlier form of the proposal has it
	return shown, nil
}

// delayedEvents lists the events of a user; the lists "scheduled" and "finalised" are those of an earlier form of the proposal.
func (a *API) delayedEvents(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	answer := map[string]any{}
	status := r.URL.Query().Get("status")
	if status != "finalised" {
		events, err := a.Delayed.Scheduled(r.Context(), d.UserID)
		if err != nil {
			return nil, err
		}
		list := make([]map[string]any, 0, len(events))
		for _, ev := range events {
			list = append(list, shownDelayed(ev))
		}
		answer["delayed_events"], answer["scheduled"] = list, list
	}
	if status != "scheduled" {
		events, err := a.Delayed.Finalised(r.Context(), d.UserID)
		if err != nil {
			return nil, err
		}
		answer["finalised"] = shownFinalised(events)
	}
	return answer, nil
}

func shownDelayed(ev *delayed.Event) map[string]any {
	since, delay := ev.ScheduledAt.UnixMilli(), ev.Delay.Milliseconds()
	shown := map[string]any{
		"delay_id": ev.ID, "room_id": ev.RoomID, "type": ev.Type, "content": ev.Content,
		"delay_ms": delay, "scheduled_at": since,
		"delay": delay, "running_since": since, "delayed_since_ts": since, // earlier names
	}
	if ev.StateKey != nil {
		shown["state_key"] = *ev.StateKey
	}
	return shown
}

func shownFinalised(events []*delayed.Event) []map[string]any {
	list := make([]map[string]any, 0, len(events))
	for _, ev := range events {
		outcome, reason := "cancel", "action"
		switch {
		case ev.Error != nil:
			reason = "error"
		case ev.EventID != "":
			outcome = "send"
			if !ev.FinalisedAt.Before(ev.ScheduledAt.Add(ev.Delay)) {
				reason = "delay"
			}
		}
		item := map[string]any{"delayed_event": shownDelayed(ev), "outcome": outcome, "reason": reason,
			"origin_server_ts": ev.FinalisedAt.UnixMilli()}
		if ev.Error != nil {
			item["error"] = ev.Error
		}
		if ev.EventID != "" {
			item["event_id"] = ev.EventID
		}
		list = append(list, item)
	}
	return list
}
