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

// Directory resolves an alias at its server.
func (c *Client) Directory(ctx context.Context, server, alias string) (roomID string, servers []string, err error) {
	request := get(server, withQuery("/_matrix/federation/v1/query/directory", url.Values{"room_alias": {alias}}))
	request.timeout, request.maxBody = shortCall, smallAnswer
	var answer struct {
		RoomID  string   `json:"room_id"`
		Servers []string `json:"servers"`
	}
	err = c.transport.json(ctx, request, &answer)
	if err == nil && answer.RoomID == "" {
		err = fmt.Errorf("%s does not know the alias: %w", server, rooms.ErrNotFound)
	}
	return answer.RoomID, answer.Servers, err
}

// PublicRooms asks server for its directory; query is the body of POST /publicRooms.
func (c *Client) PublicRooms(ctx context.Context, server string, query json.RawMessage) (json.RawMessage, error) {
	if len(query) == 0 {
		query = json.RawMessage("{}")
	}
	var answer json.RawMessage
	err := c.transport.json(ctx, call{server: server, method: http.MethodPost, uri: "/_matrix/federation/v1/publicRooms",
		body: query, timeout: shortCall, maxBody: smallAnswer}, &answer)
	return answer, err
}

// Hierarchy asks server for a space and its children.
func (c *Client) Hierarchy(ctx context.Context, server, roomID string, suggestedOnly bool) (json.RawMessage, error) {
	query := url.Values{"suggested_only": {strconv.FormatBool(suggestedOnly)}}
	request := get(server, withQuery(path("/_matrix/federation/v1/hierarchy", roomID), query))
	request.timeout, request.maxBody = shortCall, smallAnswer
	var answer json.RawMessage
	err := c.transport.json(ctx, request, &answer)
	return answer, err
}
