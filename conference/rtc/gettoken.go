package rtc

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// tokenRequest is the body of get_token, by the names of the proposal and of the draft that deployed clients have.
type tokenRequest struct {
	ServerName string `json:"server_name,omitempty"`
	UserID     string `json:"user_id,omitempty"`                   // between servers
	DeviceID   string `json:"org.medixchange.device_id,omitempty"` // between servers: what ends with the device's login
	URL        string `json:"url"`
	RoomID     string `json:"room_id"`
	SlotID     string `json:"slot_id"`
	MemberID   string `json:"member_id,omitempty"`
	Member     *struct {
		ID       string `json:"id"`
		DeviceID string `json:"claimed_device_id,omitempty"`
	} `json:"member,omitempty"`
	DelayID string `json:"delay_id,omitempty"` // of delegate_delayed_leave
}

// maxName bounds ids that clients make up.
const maxName = 255

func (q *tokenRequest) check() error {
	for name, value := range map[string]string{"url": q.URL, "room_id": q.RoomID, "slot_id": q.SlotID} {
		if value == "" {
			return web.MissingParam("%s is missing.", name)
		}
	}
	memberID := q.MemberID
	if q.Member != nil {
		memberID = q.Member.ID
	}
	if memberID == "" {
		return web.MissingParam("member_id is missing.")
	}
	if len(q.SlotID) > maxName || len(memberID) > maxName || len(q.DeviceID) > maxName || q.Member != nil && len(q.Member.DeviceID) > maxName {
		return web.InvalidParam("An id is too long.")
	}
	return nil
}

// checkOf is check for one of our users, whose device is known.
func (q *tokenRequest) checkOf(d *accounts.Device) error {
	if err := q.check(); err != nil {
		return err
	}
	if q.Member != nil && q.Member.DeviceID != "" && q.Member.DeviceID != d.DeviceID {
		return web.InvalidParam("claimed_device_id is not the device that asks.")
	}
	return nil
}

// member is who asks, by the identity that clients of that form compute.
func (q *tokenRequest) member(userID, deviceID string) Member {
	m := Member{SFURoom: SFURoom(q.RoomID, q.SlotID), RoomID: q.RoomID, SlotID: q.SlotID, UserID: userID, DeviceID: deviceID}
	if q.Member == nil {
		m.Identity = Identity(userID, q.MemberID)
		return m
	}
	if q.Member.DeviceID != "" {
		m.DeviceID = q.Member.DeviceID
	}
	m.Identity = deviceIdentity(userID, m.DeviceID, q.Member.ID)
	return m
}

type tokenAnswer struct {
	JWT string `json:"jwt"`
	URL string `json:"url,omitempty"`
}

// getToken answers POST /rtc/livekit/get_token.
func (r *RTC) getToken(req *http.Request, d *accounts.Device) (any, error) {
	var q tokenRequest
	if err := web.Decode(req, &q, maxBody); err != nil {
		return nil, err
	}
	q.UserID, q.DeviceID = "", ""
	if err := q.checkOf(d); err != nil {
		return nil, err
	}
	if q.ServerName != "" && q.ServerName != r.o.ServerName {
		return r.tokenElsewhere(req.Context(), q, d)
	}
	if err := r.ourURL(q.URL, d.UserID); err != nil {
		return nil, err
	}
	return r.answer(req.Context(), q.member(d.UserID, d.DeviceID))
}

func (r *RTC) answer(ctx context.Context, m Member) (any, error) {
	jwt, err := r.issue(ctx, m)
	if err != nil {
		return nil, err
	}
	return tokenAnswer{JWT: jwt, URL: r.o.SFU.URL()}, nil
}

// tokenElsewhere asks the server whose SFU it is, for one of our users.
func (r *RTC) tokenElsewhere(ctx context.Context, q tokenRequest, d *accounts.Device) (any, error) {
	snapshot, err := r.o.Rooms.Snapshot(ctx, q.RoomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, errNotJoined
	}
	if err != nil {
		return nil, err
	}
	server := q.ServerName
	if snapshot.Membership(d.UserID) != "join" || !slices.Contains(snapshot.Servers(), server) || !r.o.AllowServer(server) {
		return nil, r.refused(q.member(d.UserID, d.DeviceID), "not joined, or the server is not in the room", errNotJoined)
	}
	q.ServerName, q.UserID, q.DeviceID = "", d.UserID, d.DeviceID
	if q.Member != nil && q.Member.DeviceID == "" {
		q.Member.DeviceID = d.DeviceID
	}
	var answer tokenAnswer
	err = r.o.Remote.Conference(ctx, server, q, &answer, federationV1+"/rtc/livekit/get_token", federationTokens+"/rtc/livekit/get_token")
	if err != nil {
		return nil, relayed(err)
	}
	if answer.JWT == "" {
		return nil, web.NewError(http.StatusBadGateway, "M_UNKNOWN", "The server of that SFU gave no token.")
	}
	return tokenAnswer{JWT: answer.JWT, URL: q.URL}, nil
}

// refusal is how federation's client says that another server refused.
type refusal interface {
	error
	Refusal() (status int, code, message string)
}

// relayed hands on the refusals that MSC4195 has handed on; everything else is a bad gateway.
func relayed(err error) error {
	var refused refusal
	if errors.As(err, &refused) {
		status, code, message := refused.Refusal()
		if status == http.StatusForbidden && code == "M_FORBIDDEN" || status == http.StatusBadRequest && code == "M_INVALID_PARAM" {
			return web.NewError(status, code, "%s", message).Because(err)
		}
	}
	return web.NewError(http.StatusBadGateway, "M_UNKNOWN", "The server of that SFU gave no token.").Because(err)
}

// remoteGetToken answers the same of another server, for one of its users.
func (r *RTC) remoteGetToken(ctx context.Context, origin string, body []byte) (any, error) {
	if err := r.strangers.Check(origin); err != nil {
		return nil, err
	}
	var q tokenRequest
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	m := q.member(q.UserID, q.DeviceID)
	if q.UserID == "" || serverOf(q.UserID) != origin {
		return nil, r.refused(m, "the user is of another server than "+origin, errNotJoined)
	}
	if err := r.ourURL(q.URL, origin); err != nil {
		return nil, err
	}
	return r.answer(ctx, m)
}
