package federation

import (
	"encoding/json"
	"errors"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const (
	// maxKeyUsers bounds the users of one question for keys.
	maxKeyUsers = 1000
	// maxServedChildren bounds the children of a space that are described.
	maxServedChildren = 100
)

// queryDirectory answers GET /query/directory: only for aliases of this server.
func (s *Server) queryDirectory(r *request) (any, error) {
	alias := r.URL.Query().Get("room_alias")
	if !strings.HasPrefix(alias, "#") {
		return nil, web.MissingParam("room_alias is needed")
	}
	if serverOf(alias) != s.name {
		return nil, web.NotFound("The alias is not of this server")
	}
	roomID, servers, err := s.o.Rooms.ResolveAlias(r.Context(), alias)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, web.NotFound("There is no such alias")
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"room_id": roomID, "servers": notNil(servers)}, nil
}

// queryProfile answers GET /query/profile.
func (s *Server) queryProfile(r *request) (any, error) {
	userID, field := r.URL.Query().Get("user_id"), r.URL.Query().Get("field")
	if userID == "" {
		return nil, web.MissingParam("user_id is needed")
	}
	if serverOf(userID) != s.name {
		return nil, web.InvalidParam("The user is not of this server")
	}
	profile, err := s.o.Accounts.LocalProfile(r.Context(), userID)
	if err != nil || field == "" {
		return profile, err
	}
	value, there := profile[field]
	if !there {
		return accounts.Profile{}, nil
	}
	return accounts.Profile{field: value}, nil
}

// userDevices answers GET /user/devices.
func (s *Server) userDevices(r *request) (any, error) {
	userID := r.variable("userID")
	if serverOf(userID) != s.name {
		return nil, web.InvalidParam("The user is not of this server")
	}
	return s.o.Accounts.OwnDeviceList(r.Context(), userID)
}

// queryKeys answers POST /user/keys/query.
func (s *Server) queryKeys(r *request) (any, error) {
	var body struct {
		Keys map[string][]string `json:"device_keys"`
	}
	if err := web.Unmarshal(r.body, &body); err != nil {
		return nil, err
	}
	if len(body.Keys) > maxKeyUsers {
		return nil, web.InvalidParam("At most %d users at a time", maxKeyUsers)
	}
	for userID := range body.Keys {
		if serverOf(userID) != s.name {
			delete(body.Keys, userID)
		}
	}
	keys, err := s.o.Accounts.LocalKeys(r.Context(), body.Keys)
	if err == nil && keys.DeviceKeys == nil {
		keys.DeviceKeys = map[string]map[string]json.RawMessage{}
	}
	return keys, err
}

// claimKeys answers POST /user/keys/claim.
func (s *Server) claimKeys(r *request) (any, error) {
	var body struct {
		Keys map[string]map[string]string `json:"one_time_keys"`
	}
	if err := web.Unmarshal(r.body, &body); err != nil {
		return nil, err
	}
	if len(body.Keys) > maxKeyUsers {
		return nil, web.InvalidParam("At most %d users at a time", maxKeyUsers)
	}
	for userID := range body.Keys {
		if serverOf(userID) != s.name {
			delete(body.Keys, userID)
		}
	}
	keys, err := s.o.Accounts.ClaimLocalKeys(r.Context(), body.Keys)
	if err == nil && keys == nil {
		keys = map[string]map[string]map[string]json.RawMessage{}
	}
	return map[string]any{"one_time_keys": keys}, err
}

// publicRooms answers GET /publicRooms.
func (s *Server) publicRooms(r *request) (any, error) {
	limit, err := web.QueryInt(r.Request, "limit", 0, 0, 500)
	if err != nil {
		return nil, err
	}
	return s.o.Rooms.PublicRooms(r.Context(), rooms.PublicRoomsQuery{Limit: limit, Since: r.URL.Query().Get("since")})
}

// searchPublicRooms answers POST /publicRooms.
func (s *Server) searchPublicRooms(r *request) (any, error) {
	var body struct {
		Limit  int    `json:"limit"`
		Since  string `json:"since"`
		Filter struct {
			Term  string    `json:"generic_search_term"`
			Types []*string `json:"room_types"`
		} `json:"filter"`
	}
	if err := web.Unmarshal(r.body, &body); err != nil {
		return nil, err
	}
	query := rooms.PublicRoomsQuery{Search: body.Filter.Term, Limit: max(body.Limit, 0), Since: body.Since}
	if body.Filter.Types != nil {
		query.RoomTypes = []string{}
	}
	for _, t := range body.Filter.Types {
		if t == nil {
			query.RoomTypes = append(query.RoomTypes, "") // null stands for rooms without a type
		} else {
			query.RoomTypes = append(query.RoomTypes, *t)
		}
	}
	return s.o.Rooms.PublicRooms(r.Context(), query)
}

// spaceSummary is the space itself with its children's events.
type spaceSummary struct {
	*rooms.RoomSummary
	ChildrenState []json.RawMessage `json:"children_state"`
}

// hierarchy answers GET /hierarchy: the space and those of its children that this server knows.
func (s *Server) hierarchy(r *request) (any, error) {
	suggested, err := web.QueryBool(r.Request, "suggested_only", false)
	if err != nil {
		return nil, err
	}
	room, err := s.preview(r, r.variable("roomID"))
	if err != nil {
		return nil, err
	}
	if room == nil {
		return nil, web.NotFound("There is no such space for this server")
	}
	children, err := s.o.Rooms.SpaceChildren(r.Context(), room.RoomID)
	if err != nil {
		return nil, err
	}
	space := spaceSummary{RoomSummary: room, ChildrenState: []json.RawMessage{}}
	known, inaccessible := []*rooms.RoomSummary{}, []string{}
	for _, child := range children {
		if suggested && !child.Suggested {
			continue
		}
		space.ChildrenState = append(space.ChildrenState, child.Stripped)
		if len(known) >= maxServedChildren {
			continue
		}
		summary, err := s.preview(r, child.RoomID)
		switch {
		case errors.Is(err, rooms.ErrNotFound): // not known here, so nothing is said of it
		case err != nil:
			return nil, err
		case summary == nil:
			inaccessible = append(inaccessible, child.RoomID)
		default:
			known = append(known, summary)
		}
	}
	return map[string]any{"room": space, "children": known, "inaccessible_children": inaccessible}, nil
}

// preview returns what the asking server may know of a room, nil if it may know nothing.
func (s *Server) preview(r *request, roomID string) (*rooms.RoomSummary, error) {
	summary, err := s.o.Rooms.Summary(r.Context(), roomID)
	if err != nil {
		return nil, err
	}
	may, err := s.o.Rooms.ServerMayPreview(r.Context(), r.origin, summary)
	if err != nil || !may {
		return nil, err
	}
	return summary, nil
}
