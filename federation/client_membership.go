package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"medixchange/rooms"
)

// MakeMembership asks server for a template of a join, leave or knock (Server-Server API, Joining Rooms).
func (c *Client) MakeMembership(ctx context.Context, server, roomID, userID, membership string, versions []string) (*rooms.Template, error) {
	query := url.Values{}
	if membership != "leave" {
		query["ver"] = versions
	}
	var answer struct {
		RoomVersion string          `json:"room_version"`
		Event       json.RawMessage `json:"event"`
	}
	uri := withQuery(path("/_matrix/federation/v1/make_"+membership, roomID, userID), query)
	err := c.transport.json(ctx, call{server: server, method: http.MethodGet, uri: uri, maxBody: smallAnswer}, &answer)
	if err != nil {
		return nil, err
	}
	if len(answer.Event) == 0 {
		return nil, fmt.Errorf("%s gave no template: %w", server, rooms.ErrUnreachable)
	}
	if answer.RoomVersion == "" {
		answer.RoomVersion = "1" // what was before versions were
	}
	return &rooms.Template{RoomVersion: answer.RoomVersion, Event: answer.Event}, nil
}

// joinAnswer is the answer of send_join.
type joinAnswer struct {
	State          []json.RawMessage `json:"state"`
	AuthChain      []json.RawMessage `json:"auth_chain"`
	Event          json.RawMessage   `json:"event"`
	MembersOmitted bool              `json:"members_omitted"`
	Servers        []string          `json:"servers_in_room"`
}

// SendJoin sends a signed join and returns the state before it, whole.
func (c *Client) SendJoin(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) (*rooms.JoinedState, error) {
	body, err := c.putMembership(ctx, server, "send_join", roomID, eventID, pdu)
	if err != nil {
		return nil, err
	}
	var answer joinAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("reading the state that %s sent: %w: %w", server, rooms.ErrUnreachable, err)
	}
	return &rooms.JoinedState{State: plain(answer.State), AuthChain: plain(answer.AuthChain), Event: answer.Event,
		MembersOmitted: answer.MembersOmitted, ServersInRoom: answer.Servers}, nil
}

// putMembership sends a join or leave, at the older endpoint if the server does not know the newer one. That one answers
// with the same object in a list behind the number 200.
func (c *Client) putMembership(ctx context.Context, server, kind, roomID, eventID string, pdu []byte) ([]byte, error) {
	request := call{server: server, method: http.MethodPut, uri: path("/_matrix/federation/v2/"+kind, roomID, eventID), body: pdu}
	body, err := c.transport.bytes(ctx, request)
	var refusal *RemoteError
	if !errors.As(err, &refusal) || !refusal.unknownEndpoint() {
		return body, err
	}
	request.uri = path("/_matrix/federation/v1/"+kind, roomID, eventID)
	if body, err = c.transport.bytes(ctx, request); err != nil {
		return nil, err
	}
	return secondOf(server, body)
}

func secondOf(server string, body []byte) ([]byte, error) {
	second := gjson.GetBytes(body, "1")
	if !second.IsObject() {
		return nil, fmt.Errorf("reading the answer of %s: %w", server, rooms.ErrUnreachable)
	}
	return []byte(second.Raw), nil
}

// SendLeave sends a signed leave.
func (c *Client) SendLeave(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) error {
	_, err := c.putMembership(ctx, server, "send_leave", roomID, eventID, pdu)
	return err
}

// SendKnock sends a signed knock and returns the stripped state, a JSON array.
func (c *Client) SendKnock(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) ([]byte, error) {
	var answer struct {
		State json.RawMessage `json:"knock_room_state"`
	}
	uri := path("/_matrix/federation/v1/send_knock", roomID, eventID)
	err := c.transport.json(ctx, call{server: server, method: http.MethodPut, uri: uri, body: pdu, maxBody: smallAnswer}, &answer)
	if err != nil {
		return nil, err
	}
	if !gjson.ParseBytes(answer.State).IsArray() {
		return []byte("[]"), nil
	}
	return answer.State, nil
}

// SendInvite has the invited user's server sign the invite. Servers that know only the older endpoint get it there, for
// the room versions that it was made for.
func (c *Client) SendInvite(ctx context.Context, server, roomID, eventID string, pdu []byte, version string, stripped []json.RawMessage) ([]byte, error) {
	if stripped == nil {
		stripped = []json.RawMessage{}
	}
	body, err := json.Marshal(map[string]any{"event": json.RawMessage(pdu), "room_version": version, "invite_room_state": stripped})
	if err != nil {
		return nil, fmt.Errorf("writing an invite: %w", err)
	}
	request := call{server: server, method: http.MethodPut, uri: path("/_matrix/federation/v2/invite", roomID, eventID),
		body: body, maxBody: smallAnswer}
	answer, err := c.transport.bytes(ctx, request)
	var refusal *RemoteError
	if errors.As(err, &refusal) && refusal.unknownEndpoint() && (version == "1" || version == "2") {
		answer, err = c.inviteV1(ctx, request, roomID, eventID, pdu, stripped)
	}
	if err != nil {
		return nil, err
	}
	event := gjson.GetBytes(answer, "event")
	if !event.IsObject() {
		return nil, fmt.Errorf("%s did not send the invite back: %w", server, rooms.ErrUnreachable)
	}
	return []byte(event.Raw), nil
}

func (c *Client) inviteV1(ctx context.Context, request call, roomID, eventID string, pdu []byte, stripped []json.RawMessage) ([]byte, error) {
	body, err := sjson.SetBytes(pdu, "unsigned.invite_room_state", stripped)
	if err != nil {
		return nil, fmt.Errorf("writing an invite: %w", err)
	}
	request.uri, request.body = path("/_matrix/federation/v1/invite", roomID, eventID), body
	answer, err := c.transport.bytes(ctx, request)
	if err != nil {
		return nil, err
	}
	return secondOf(request.server, answer)
}

// plain drops the type of raw messages without copying them.
func plain(messages []json.RawMessage) [][]byte {
	out := make([][]byte, len(messages))
	for i, m := range messages {
		out[i] = m
	}
	return out
}
