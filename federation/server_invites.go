package federation

import (
	"encoding/json"
	"errors"

	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// maxInviteState bounds the stripped state that comes with an invite.
const maxInviteState = 100

// invite answers PUT /v2/invite.
func (s *Server) invite(r *request) (any, error) {
	var body struct {
		Version string            `json:"room_version"`
		Event   json.RawMessage   `json:"event"`
		State   []json.RawMessage `json:"invite_room_state"`
	}
	if err := web.Unmarshal(r.body, &body); err != nil {
		return nil, err
	}
	if body.Version == "" || len(body.Event) == 0 {
		return nil, web.MissingParam("room_version and event are needed")
	}
	return s.acceptInvite(r, body.Version, body.Event, body.State)
}

// inviteV1 answers PUT /v1/invite, which knows only room versions 1 and 2; their events look alike.
func (s *Server) inviteV1(r *request) (any, error) {
	var state []json.RawMessage
	gjson.GetBytes(r.body, "unsigned.invite_room_state").ForEach(func(_, v gjson.Result) bool {
		state = append(state, json.RawMessage(v.Raw))
		return true
	})
	return inList(s.acceptInvite(r, "1", r.body, state))
}

func (s *Server) acceptInvite(r *request, version string, pdu json.RawMessage, state []json.RawMessage) (any, error) {
	event := gjson.ParseBytes(pdu)
	target := event.Get("state_key").Str
	switch {
	case event.Get("type").Str != "m.room.member" || event.Get("content.membership").Str != "invite":
		return nil, web.InvalidParam("The event is not an invite")
	case serverOf(target) != s.name:
		return nil, web.InvalidParam("The invited user is not of this server")
	case serverOf(event.Get("sender").Str) != r.origin:
		return nil, web.Forbidden("The sender is not of the inviting server")
	case len(state) > maxInviteState:
		return nil, web.InvalidParam("invite_room_state holds more than %d events", maxInviteState)
	}
	if err := s.checkInvitee(r, target); err != nil {
		return nil, err
	}
	signed, err := s.o.Rooms.AcceptInvite(r.Context(), r.origin, r.variable("roomID"), r.variable("eventID"), version, pdu, state)
	if errors.Is(err, rooms.ErrIncompatibleRoom) || errors.Is(err, rooms.ErrUnsupportedRoom) {
		return nil, web.IncompatibleRoomVersion(version).Because(err)
	}
	if err != nil {
		return nil, err
	}
	return map[string]json.RawMessage{"event": signed}, nil
}

// checkInvitee refuses an invite of somebody who is not there. Whether they take it is asked by rooms, as of every invite.
func (s *Server) checkInvitee(r *request, userID string) error {
	user, err := s.o.Accounts.User(r.Context(), userID)
	if errors.Is(err, accounts.ErrNotFound) || err == nil && user.Deactivated {
		return web.NotFound("There is no such user")
	}
	return err
}

// exchangeInvite answers PUT /exchange_third_party_invite: the server of a user who was invited by an address asks us, the
// inviter's server, for the invite proper. The room's rules check the identity server's signature in it.
func (s *Server) exchangeInvite(r *request) (any, error) {
	event := gjson.ParseBytes(r.body)
	sender, target := event.Get("sender").Str, event.Get("state_key").Str
	invite := event.Get("content.third_party_invite")
	switch {
	case event.Get("type").Str != "m.room.member" || event.Get("content.membership").Str != "invite" || !invite.IsObject():
		return nil, web.InvalidParam("The event is not a third-party invite")
	case event.Get("room_id").Str != r.variable("roomID"):
		return nil, web.InvalidParam("The event is of another room")
	case invite.Get("signed.mxid").Str != target:
		return nil, web.Forbidden("The invite was signed for another user")
	case serverOf(target) != r.origin:
		return nil, web.Forbidden("The invited user is not of the asking server")
	case serverOf(sender) != s.name:
		return nil, web.NotFound("The inviting user is not of this server")
	}
	_, err := s.o.Rooms.SetMembership(r.Context(), rooms.MembershipRequest{
		RoomID: r.variable("roomID"), Sender: sender, Target: target, Membership: "invite",
		Content: map[string]json.RawMessage{"third_party_invite": json.RawMessage(invite.Raw)},
	})
	return struct{}{}, err
}
