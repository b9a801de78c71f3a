package federation

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/internal/web"
	"medixchange/rooms"
)

// makeMembership answers GET /make_join, /make_leave and /make_knock.
func (s *Server) makeMembership(membership string) signedHandler {
	return func(r *request) (any, error) {
		userID, roomID := r.variable("userID"), r.variable("roomID")
		if serverOf(userID) != r.origin {
			return nil, web.Forbidden("The user is not of the asking server")
		}
		var versions []string
		if membership != "leave" {
			if versions = r.URL.Query()["ver"]; len(versions) == 0 {
				versions = []string{"1"} // what was before versions were
			}
		}
		template, err := s.o.Rooms.MakeMembership(r.Context(), r.origin, roomID, userID, membership, versions)
		if errors.Is(err, rooms.ErrIncompatibleRoom) {
			return nil, s.incompatible(r, roomID, err)
		}
		if err != nil {
			return nil, err
		}
		return map[string]any{"room_version": template.RoomVersion, "event": template.Event}, nil
	}
}

// incompatible names the room's version in the refusal.
func (s *Server) incompatible(r *request, roomID string, cause error) error {
	summary, err := s.o.Rooms.Summary(r.Context(), roomID)
	if err != nil {
		return err
	}
	return web.IncompatibleRoomVersion(summary.Version).Because(cause)
}

// serverOf returns the server name in a user id or alias; "" without one.
func serverOf(id string) string {
	_, server, _ := strings.Cut(id, ":")
	return server
}

// checkMember refuses a body that is not origin's own user's member event with this membership, as the specification
// wants it of send_join, send_leave and send_knock.
func checkMember(r *request, membership string) error {
	event := gjson.ParseBytes(r.body)
	switch {
	case event.Get("type").Str != "m.room.member" || event.Get("content.membership").Str != membership:
		return web.InvalidParam("The event is not a member event with membership %s", membership)
	case serverOf(event.Get("sender").Str) != r.origin:
		return web.InvalidParam("The sender is not of the sending server")
	case event.Get("state_key").Type != gjson.String || event.Get("state_key").Str != event.Get("sender").Str:
		return web.InvalidParam("The event is not about its sender")
	case event.Get("room_id").Exists() && event.Get("room_id").Str != r.variable("roomID"):
		return web.InvalidParam("The event is of another room")
	}
	return nil
}

// sendJoin answers PUT /v2/send_join.
func (s *Server) sendJoin(r *request) (any, error) {
	if err := checkMember(r, "join"); err != nil {
		return nil, err
	}
	omit, err := web.QueryBool(r.Request, "omit_members", false)
	if err != nil {
		return nil, err
	}
	joined, err := s.o.Rooms.AcceptJoin(r.Context(), r.origin, r.variable("roomID"), r.variable("eventID"), r.body, omit)
	if err != nil {
		return nil, err
	}
	return s.joinAnswer(joined), nil
}

// joinAnswer writes the answer by hand: a large room's state need not be read again to be sent.
func (s *Server) joinAnswer(joined *rooms.JoinedState) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"origin":`)
	b.Write(encoded(s.name))
	writeList(&b, "state", joined.State)
	writeList(&b, "auth_chain", joined.AuthChain)
	if len(joined.Event) > 0 {
		b.WriteString(`,"event":`)
		b.Write(joined.Event)
	}
	b.WriteString(`,"members_omitted":`)
	b.Write(encoded(joined.MembersOmitted))
	if len(joined.ServersInRoom) > 0 {
		b.WriteString(`,"servers_in_room":`)
		b.Write(encoded(joined.ServersInRoom))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// encoded is JSON of a value that always has one.
func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only for types that JSON does not know
	}
	return text
}

func writeList[T ~[]byte](b *bytes.Buffer, name string, list []T) {
	b.WriteString(`,"` + name + `":[`)
	for i, raw := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(raw)
	}
	b.WriteByte(']')
}

// inList is the form of the older endpoints: the answer behind the number 200.
func inList(answer any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return []any{200, answer}, nil
}

func (s *Server) sendJoinV1(r *request) (any, error) { return inList(s.sendJoin(r)) }

// sendLeave answers PUT /v2/send_leave.
func (s *Server) sendLeave(r *request) (any, error) {
	if err := checkMember(r, "leave"); err != nil {
		return nil, err
	}
	err := s.o.Rooms.AcceptLeave(r.Context(), r.origin, r.variable("roomID"), r.variable("eventID"), r.body)
	return struct{}{}, err
}

func (s *Server) sendLeaveV1(r *request) (any, error) { return inList(s.sendLeave(r)) }

// sendKnock answers PUT /send_knock.
func (s *Server) sendKnock(r *request) (any, error) {
	if err := checkMember(r, "knock"); err != nil {
		return nil, err
	}
	stripped, err := s.o.Rooms.AcceptKnock(r.Context(), r.origin, r.variable("roomID"), r.variable("eventID"), r.body)
	if err != nil {
		return nil, err
	}
	return map[string]json.RawMessage{"knock_room_state": stripped}, nil
}
