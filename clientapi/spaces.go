package clientapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const (
	defaultHierarchy = 50
	maxHierarchy     = 100
	maxSpaceDepth    = 20
	// maxVisited bounds the rooms that one walk looks at, seen or not.
	maxVisited = 2000
)

func (a *API) spaceRoutes() {
	a.v1(http.MethodGet, "/rooms/{roomID}/hierarchy", a.limited(a.limits.other, a.hierarchy), "org.matrix.msc2946")
	a.v1(http.MethodGet, "/room_summary/{room}", a.limited(a.limits.other, a.summary))
	a.router.Handle(http.MethodGet, "/_matrix/client/unstable/im.nheko.summary/summary/{room}", a.limited(a.limits.other, a.summary))
	a.router.Handle(http.MethodGet, "/_matrix/client/unstable/im.nheko.summary/rooms/{room}/summary", a.limited(a.limits.other, a.summary))
}

// summary answers GET /room_summary: what a room says of itself to those who may join or read it.
func (a *API) summary(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	roomID, via, err := a.roomOf(r, web.Var(r, "room"))
	if err != nil {
		return nil, err
	}
	found, err := a.lookAt(r.Context(), d.UserID, roomID, via, false)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, web.NotFound("There is no such room, or you may not see it.")
	}
	membership, _, err := a.Rooms.Membership(r.Context(), roomID, d.UserID)
	if err != nil && !errors.Is(err, rooms.ErrNotFound) {
		return nil, err
	}
	out := found.fields
	if membership != "" {
		out["membership"], err = json.Marshal(membership)
	}
	return out, err
}

// spaceRoom is a room of a space as the walk finds it.
type spaceRoom struct {
	fields   map[string]json.RawMessage
	children []rooms.SpaceChild
	isSpace  bool
}

// lookAt returns a room as the user may preview it, from here or from one of the servers; nil if they may not.
func (a *API) lookAt(ctx context.Context, userID, roomID string, via []string, suggested bool) (*spaceRoom, error) {
	summary, err := a.Rooms.Summary(ctx, roomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return a.lookElsewhere(ctx, userID, roomID, via, suggested)
	}
	if err != nil {
		return nil, err
	}
	may, err := a.Rooms.MayPreview(ctx, userID, summary)
	if err != nil || !may {
		return nil, err
	}
	found := &spaceRoom{isSpace: summary.RoomType == "m.space"}
	if found.isSpace {
		if found.children, err = a.Rooms.SpaceChildren(ctx, roomID); err != nil {
			return nil, err
		}
	}
	raw, err := json.Marshal(summary)
	if err != nil {
		return nil, err
	}
	return found, json.Unmarshal(raw, &found.fields)
}

// lookElsewhere asks other servers for a room that this node is not in. What cannot be had is left out, and so is what was
// told because of other users of this node.
func (a *API) lookElsewhere(ctx context.Context, userID, roomID string, via []string, suggested bool) (*spaceRoom, error) {
	const maxAsked = 3
	for i, server := range via {
		if i == maxAsked {
			break
		}
		if server == a.Accounts.ServerName() {
			continue
		}
		raw, err := a.Remote.Hierarchy(ctx, server, roomID, suggested)
		if err != nil {
			a.Log.WithError(err).WithField("server", server).Debug("asking for a space")
			continue
		}
		if found := remoteSpaceRoom(raw, roomID); found != nil {
			may, err := a.mayPreviewRemote(ctx, userID, roomID, found)
			if err != nil || !may {
				return nil, err
			}
			return found, nil
		}
	}
	return nil, nil
}

// mayPreviewRemote reports whether a user may see what another server told this one of a room: a server is told of a room
// as soon as any of its users may see it.
func (a *API) mayPreviewRemote(ctx context.Context, userID, roomID string, found *spaceRoom) (bool, error) {
	raw, err := json.Marshal(found.fields)
	if err != nil {
		return false, err
	}
	var summary rooms.RoomSummary
	if json.Unmarshal(raw, &summary) != nil {
		return false, nil
	}
	if summary.JoinRule == "" {
		summary.JoinRule = "public" // as the specification has it
	}
	may, err := a.Rooms.MayPreview(ctx, userID, &summary)
	if err != nil || may || userID == "" {
		return may, err
	}
	outside, err := a.Rooms.OutsideMemberships(ctx, userID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(outside, func(o rooms.OutsideMembership) bool {
		return o.RoomID == roomID && o.Membership == "invite"
	}), nil
}

// remoteSpaceRoom reads the room of a federation hierarchy answer; nil if it is malformed or about another room.
func remoteSpaceRoom(raw json.RawMessage, roomID string) *spaceRoom {
	var answer struct {
		Room map[string]json.RawMessage `json:"room"`
	}
	var id, typ string
	if json.Unmarshal(raw, &answer) != nil || json.Unmarshal(answer.Room["room_id"], &id) != nil || id != roomID {
		return nil
	}
	if t, there := answer.Room["room_type"]; there && json.Unmarshal(t, &typ) != nil {
		return nil
	}
	found := &spaceRoom{fields: answer.Room, isSpace: typ == "m.space"}
	var state []json.RawMessage
	if json.Unmarshal(answer.Room["children_state"], &state) != nil {
		return found
	}
	for _, ev := range state {
		var child struct {
			StateKey string `json:"state_key"`
			Content  struct {
				Via       []string `json:"via"`
				Suggested bool     `json:"suggested"`
			} `json:"content"`
		}
		if json.Unmarshal(ev, &child) == nil && strings.HasPrefix(child.StateKey, "!") && len(child.Content.Via) > 0 {
			found.children = append(found.children, rooms.SpaceChild{
				RoomID: child.StateKey, Via: child.Content.Via, Suggested: child.Content.Suggested, Stripped: ev,
			})
		}
	}
	return found
}

// hierarchy answers GET /hierarchy (Client-Server API, Querying the child rooms of a space), depth first.
func (a *API) hierarchy(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	w, err := a.newWalk(r, d)
	if err != nil {
		return nil, err
	}
	if err := w.run(r.Context()); err != nil {
		return nil, err
	}
	if len(w.out) == 0 && w.skip == 0 {
		return nil, web.Forbidden("You may not see this space.")
	}
	out := map[string]any{"rooms": w.out}
	if w.more {
		out["next_batch"] = base64.RawURLEncoding.EncodeToString([]byte(w.last))
	}
	return out, nil
}

// walk goes through a space, depth first; a page continues behind the room that the token names.
type walk struct {
	api       *API
	userID    string
	suggested bool
	limit     int
	maxDepth  int
	after     string // room that the last page ended with
	skip      int    // rooms that were passed over to get there
	stack     []spaceStep
	visited   map[string]bool
	out       []map[string]json.RawMessage
	last      string
	more      bool
}

type spaceStep struct {
	roomID string
	via    []string
	depth  int
}

func (a *API) newWalk(r *http.Request, d *accounts.Device) (*walk, error) {
	root := web.Var(r, "roomID")
	w := &walk{
		api: a, userID: d.UserID, visited: map[string]bool{}, out: []map[string]json.RawMessage{},
		stack: []spaceStep{{roomID: root}},
	}
	var err error
	if w.suggested, err = web.QueryBool(r, "suggested_only", false); err != nil {
		return nil, err
	}
	if w.limit, err = web.QueryInt(r, "limit", defaultHierarchy, 1, maxHierarchy); err != nil {
		return nil, err
	}
	if w.maxDepth, err = web.QueryInt(r, "max_depth", maxSpaceDepth, 0, maxSpaceDepth); err != nil {
		return nil, err
	}
	after, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("from"))
	if err != nil {
		return nil, web.InvalidParam("from is not a token of this server.")
	}
	w.after = string(after)
	return w, nil
}

func (w *walk) run(ctx context.Context) error {
	passing := w.after != ""
	for len(w.stack) > 0 && len(w.visited) < maxVisited {
		step := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if w.visited[step.roomID] {
			continue
		}
		w.visited[step.roomID] = true
		found, err := w.api.lookAt(ctx, w.userID, step.roomID, step.via, w.suggested)
		if err != nil {
			return err
		}
		if found == nil {
			continue
		}
		if !passing && len(w.out) == w.limit {
			w.more = true
			return nil
		}
		if passing {
			w.skip++
			passing = step.roomID != w.after
		} else if err := w.take(step, found); err != nil {
			return err
		}
		w.push(step, found)
	}
	return nil
}

func (w *walk) take(step spaceStep, found *spaceRoom) error {
	state := make([]json.RawMessage, 0, len(found.children))
	for _, child := range found.children {
		if !w.suggested || child.Suggested {
			state = append(state, child.Stripped)
		}
	}
	raw, err := json.Marshal(state)
	if err != nil {
		return err
	}
	found.fields["children_state"] = raw
	w.out = append(w.out, found.fields)
	w.last = step.roomID
	return nil
}

// push puts the children on the stack so that the first of them comes next.
func (w *walk) push(step spaceStep, found *spaceRoom) {
	if step.depth >= w.maxDepth {
		return
	}
	for i := len(found.children) - 1; i >= 0; i-- {
		if child := found.children[i]; !w.suggested || child.Suggested {
			w.stack = append(w.stack, spaceStep{child.RoomID, child.Via, step.depth + 1})
		}
	}
}
