package federation

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"medixchange/internal/web"
	"medixchange/rooms"
)

// maxEventIDs bounds the event ids in a question.
const maxEventIDs = 100

// pduPage is the answer that holds events as a transaction does.
func (s *Server) pduPage(pdus []json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"origin":`)
	b.Write(encoded(s.name))
	b.WriteString(`,"origin_server_ts":` + strconv.FormatInt(s.o.Now().UnixMilli(), 10))
	writeList(&b, "pdus", pdus)
	b.WriteByte('}')
	return b.Bytes()
}

// backfill answers GET /backfill.
func (s *Server) backfill(r *request) (any, error) {
	from := r.URL.Query()["v"]
	if len(from) == 0 || len(from) > maxEventIDs {
		return nil, web.InvalidParam("v must be given 1 to %d times", maxEventIDs)
	}
	limit, err := web.QueryInt(r.Request, "limit", 0, 0, 100)
	if err != nil {
		return nil, err
	}
	events, err := s.o.Rooms.ServeBackfill(r.Context(), r.origin, r.variable("roomID"), from, limit)
	if err != nil {
		return nil, err
	}
	pdus, err := s.o.View.ForServer(r.Context(), r.origin, events)
	if err != nil {
		return nil, err
	}
	return s.pduPage(pdus), nil
}

// missingEvents answers POST /get_missing_events.
func (s *Server) missingEvents(r *request) (any, error) {
	var body struct {
		Earliest []string `json:"earliest_events"`
		Latest   []string `json:"latest_events"`
		Limit    int      `json:"limit"`
		MinDepth int64    `json:"min_depth"`
	}
	if err := web.Unmarshal(r.body, &body); err != nil {
		return nil, err
	}
	if len(body.Latest) > maxEventIDs || len(body.Earliest) > 10*maxEventIDs {
		return nil, web.InvalidParam("Too many events are named")
	}
	events, err := s.o.Rooms.ServeMissing(r.Context(), r.origin, r.variable("roomID"), body.Earliest, body.Latest, body.Limit, body.MinDepth)
	if err != nil {
		return nil, err
	}
	pdus, err := s.o.View.ForServer(r.Context(), r.origin, events)
	if err != nil {
		return nil, err
	}
	return map[string]any{"events": pdus}, nil
}

// event answers GET /event.
func (s *Server) event(r *request) (any, error) {
	ev, err := s.o.Rooms.ServeEvent(r.Context(), r.origin, r.variable("eventID"))
	if err != nil {
		return nil, err
	}
	pdus, err := s.o.View.ForServer(r.Context(), r.origin, []*rooms.Event{ev})
	if err != nil {
		return nil, err
	}
	if len(pdus) == 0 {
		return nil, web.NotFound("There is no such event here")
	}
	return s.pduPage(pdus), nil
}

// state answers GET /state.
func (s *Server) state(r *request) (any, error) {
	eventID, err := eventIDOf(r)
	if err != nil {
		return nil, err
	}
	state, chain, err := s.o.Rooms.ServeState(r.Context(), r.origin, r.variable("roomID"), eventID)
	if err != nil {
		return nil, err
	}
	pdus, err := s.stateForServer(r, state)
	if err != nil {
		return nil, err
	}
	auth, err := s.stateForServer(r, chain)
	if err != nil {
		return nil, err
	}
	return map[string]any{"pdus": pdus, "auth_chain": auth}, nil
}

// stateForServer is what a server gets of state and auth events: all of them, redacted where they were. Soft-failed ones
// belong to the graph though they are not shown otherwise.
func (s *Server) stateForServer(r *request, events []*rooms.Event) ([]json.RawMessage, error) {
	shown := make([]*rooms.Event, 0, len(events))
	var failed []json.RawMessage
	for _, ev := range events {
		if ev.Outcome == rooms.SoftFailed {
			failed = append(failed, ev.JSON)
		} else {
			shown = append(shown, ev)
		}
	}
	pdus, err := s.o.View.ForServer(r.Context(), r.origin, shown)
	return append(pdus, failed...), err
}

// stateIDs answers GET /state_ids.
func (s *Server) stateIDs(r *request) (any, error) {
	eventID, err := eventIDOf(r)
	if err != nil {
		return nil, err
	}
	state, chain, err := s.o.Rooms.ServeStateIDs(r.Context(), r.origin, r.variable("roomID"), eventID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"pdu_ids": notNil(state), "auth_chain_ids": notNil(chain)}, nil
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func eventIDOf(r *request) (string, error) {
	eventID := r.URL.Query().Get("event_id")
	if !strings.HasPrefix(eventID, "$") {
		return "", web.MissingParam("event_id is needed")
	}
	return eventID, nil
}

// eventAuth answers GET /event_auth.
func (s *Server) eventAuth(r *request) (any, error) {
	chain, err := s.o.Rooms.ServeEventAuth(r.Context(), r.origin, r.variable("roomID"), r.variable("eventID"))
	if err != nil {
		return nil, err
	}
	pdus, err := s.stateForServer(r, chain)
	if err != nil {
		return nil, err
	}
	return map[string]any{"auth_chain": pdus}, nil
}

// timestampToEvent answers GET /timestamp_to_event.
func (s *Server) timestampToEvent(r *request) (any, error) {
	query := r.URL.Query()
	ts, err := strconv.ParseInt(query.Get("ts"), 10, 64)
	if err != nil {
		return nil, web.InvalidParam("ts must be a number")
	}
	dir := rooms.Forward
	switch query.Get("dir") {
	case "f":
	case "b":
		dir = rooms.Backward
	default:
		return nil, web.InvalidParam("dir must be f or b")
	}
	roomID := r.variable("roomID")
	if err := s.o.Rooms.ServerMayRead(r.Context(), r.origin, roomID); err != nil {
		return nil, err
	}
	ev, err := s.visibleNear(r, roomID, ts, dir)
	if err != nil {
		return nil, err
	}
	return map[string]any{"event_id": ev.ID, "origin_server_ts": ev.OriginServerTS}, nil
}

// maxHiddenNear bounds the hidden events that timestamp_to_event passes over.
const maxHiddenNear = 50

// visibleNear returns the event closest to a time that the asking server may see.
func (s *Server) visibleNear(r *request, roomID string, ts int64, dir rooms.Direction) (*rooms.Event, error) {
	for range maxHiddenNear {
		ev, err := s.o.Rooms.EventNearHere(r.Context(), roomID, ts, dir)
		if err != nil {
			return nil, err
		}
		visible, err := s.o.View.VisibleToServer(r.Context(), r.origin, ev)
		if err != nil || visible {
			return ev, err
		}
		if ts = ev.OriginServerTS + 1; dir == rooms.Backward {
			ts = ev.OriginServerTS - 1
		}
	}
	return nil, web.NotFound("There is no event near this time that the server may see")
}
