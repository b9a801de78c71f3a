package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"medixchange/rooms"
)

// pdusAnswer is what the endpoints for events answer, each with some of it.
type pdusAnswer struct {
	PDUs      []json.RawMessage `json:"pdus"`
	Events    []json.RawMessage `json:"events"`
	AuthChain []json.RawMessage `json:"auth_chain"`
	PDUIDs    []string          `json:"pdu_ids"`
	AuthIDs   []string          `json:"auth_chain_ids"`
}

func (c *Client) pdus(ctx context.Context, request call) (pdusAnswer, error) {
	var answer pdusAnswer
	err := c.transport.json(ctx, request, &answer)
	return answer, err
}

func get(server, uri string) call { return call{server: server, method: http.MethodGet, uri: uri} }

// MissingEvents asks for events between those named (Server-Server API, get_missing_events).
func (c *Client) MissingEvents(ctx context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([][]byte, error) {
	body, err := json.Marshal(map[string]any{"earliest_events": earliest, "latest_events": latest, "limit": limit, "min_depth": minDepth})
	if err != nil {
		return nil, fmt.Errorf("writing a request for missing events: %w", err)
	}
	answer, err := c.pdus(ctx, call{server: server, method: http.MethodPost,
		uri: path("/_matrix/federation/v1/get_missing_events", roomID), body: body})
	return plain(answer.Events), err
}

// Backfill asks for events and those before them.
func (c *Client) Backfill(ctx context.Context, server, roomID string, from []string, limit int) ([][]byte, error) {
	query := url.Values{"v": from, "limit": {strconv.Itoa(limit)}}
	answer, err := c.pdus(ctx, get(server, withQuery(path("/_matrix/federation/v1/backfill", roomID), query)))
	return plain(answer.PDUs), err
}

// Event asks for one event.
func (c *Client) Event(ctx context.Context, server, eventID string) ([]byte, error) {
	request := get(server, path("/_matrix/federation/v1/event", eventID))
	request.timeout, request.maxBody = shortCall, smallAnswer
	answer, err := c.pdus(ctx, request)
	if err == nil && len(answer.PDUs) == 0 {
		err = fmt.Errorf("%s has no event %s: %w", server, eventID, rooms.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return answer.PDUs[0], nil
}

// EventAuth asks for the auth chain of an event.
func (c *Client) EventAuth(ctx context.Context, server, roomID, eventID string) ([][]byte, error) {
	answer, err := c.pdus(ctx, get(server, path("/_matrix/federation/v1/event_auth", roomID, eventID)))
	return plain(answer.AuthChain), err
}

// StateIDs asks for the ids of the state before an event and of its auth chain.
func (c *Client) StateIDs(ctx context.Context, server, roomID, eventID string) (state, auth []string, err error) {
	query := url.Values{"event_id": {eventID}}
	answer, err := c.pdus(ctx, get(server, withQuery(path("/_matrix/federation/v1/state_ids", roomID), query)))
	return answer.PDUIDs, answer.AuthIDs, err
}

// State asks for the state before an event and its auth chain.
func (c *Client) State(ctx context.Context, server, roomID, eventID string) (state, auth [][]byte, err error) {
	query := url.Values{"event_id": {eventID}}
	answer, err := c.pdus(ctx, get(server, withQuery(path("/_matrix/federation/v1/state", roomID), query)))
	return plain(answer.PDUs), plain(answer.AuthChain), err
}

// TimestampToEvent asks for the event nearest to a time.
func (c *Client) TimestampToEvent(ctx context.Context, server, roomID string, ts int64, dir string) (string, int64, error) {
	query := url.Values{"ts": {strconv.FormatInt(ts, 10)}, "dir": {dir}}
	request := get(server, withQuery(path("/_matrix/federation/v1/timestamp_to_event", roomID), query))
	request.timeout, request.maxBody = shortCall, smallAnswer
	var answer struct {
		EventID string `json:"event_id"`
		TS      int64  `json:"origin_server_ts"`
	}
	err := c.transport.json(ctx, request, &answer)
	if err == nil && answer.EventID == "" {
		err = fmt.Errorf("%s found no event: %w", server, rooms.ErrNotFound)
	}
	return answer.EventID, answer.TS, err
}
