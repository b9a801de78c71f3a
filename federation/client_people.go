package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"medixchange/accounts"
)

// QueryProfile asks for a user's profile, or one field of it.
func (c *Client) QueryProfile(ctx context.Context, server, userID, field string) (map[string]json.RawMessage, error) {
	query := url.Values{"user_id": {userID}}
	if field != "" {
		query.Set("field", field)
	}
	request := get(server, withQuery("/_matrix/federation/v1/query/profile", query))
	request.timeout, request.maxBody = shortCall, smallAnswer
	var profile map[string]json.RawMessage
	err := c.transport.json(ctx, request, &profile)
	return profile, err
}

// QueryKeys asks for device keys.
func (c *Client) QueryKeys(ctx context.Context, server string, users map[string][]string) (*accounts.RemoteKeys, error) {
	asked := make(map[string][]string, len(users))
	for userID, devices := range users {
		asked[userID] = append([]string{}, devices...) // none is an empty list, which means all; null would be no list
	}
	answer := &accounts.RemoteKeys{}
	return answer, c.postKeys(ctx, server, "query", map[string]any{"device_keys": asked}, false, answer)
}

// ClaimKeys claims one-time keys.
func (c *Client) ClaimKeys(ctx context.Context, server string, keys map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error) {
	var answer struct {
		Keys map[string]map[string]map[string]json.RawMessage `json:"one_time_keys"`
	}
	err := c.postKeys(ctx, server, "claim", map[string]any{"one_time_keys": keys}, true, &answer)
	return answer.Keys, err
}

func (c *Client) postKeys(ctx context.Context, server, kind string, request any, once bool, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("writing a request for keys: %w", err)
	}
	return c.transport.json(ctx, call{server: server, method: http.MethodPost, uri: "/_matrix/federation/v1/user/keys/" + kind,
		body: body, timeout: shortCall, once: once}, answer)
}

// UserDevices asks for a user's device list.
func (c *Client) UserDevices(ctx context.Context, server, userID string) (*accounts.RemoteDeviceList, error) {
	request := get(server, path("/_matrix/federation/v1/user/devices", userID))
	request.timeout = shortCall
	list := &accounts.RemoteDeviceList{}
	return list, c.transport.json(ctx, request, list)
}
