package rtc

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"

	"medixchange/internal/web"
)

// openID is a token by which a user proves to a third party who they are (Client-Server API, OpenID).
type openID struct {
	AccessToken string `json:"access_token"`
	ServerName  string `json:"matrix_server_name"`
}

// serviceRequest is the body of /sfu/get, /get_token and /delegate_delayed_leave as deployed clients send it.
type serviceRequest struct {
	Room     string `json:"room"`
	RoomID   string `json:"room_id"`
	SlotID   string `json:"slot_id"`
	DeviceID string `json:"device_id"`
	OpenID   openID `json:"openid_token"`
	Member   struct {
		ID       string `json:"id"`
		UserID   string `json:"claimed_user_id"`
		DeviceID string `json:"claimed_device_id"`
	} `json:"member"`
	DelayID string `json:"delay_id"`
}

// proof remembers what an OpenID token was used for.
type proof struct {
	userID string
	for_   [32]byte
}

var errUnproved = web.Unauthorized("The request could not be authorised.")

// serviceSFUGet answers POST /livekit/jwt/sfu/get.
func (r *RTC) serviceSFUGet(req *http.Request) (any, error) {
	var q serviceRequest
	if err := web.Decode(req, &q, maxBody); err != nil {
		return nil, err
	}
	if q.Room == "" || q.DeviceID == "" {
		return nil, web.BadJSON("room and device_id are needed.")
	}
	if len(q.DeviceID) > maxName || strings.Contains(q.DeviceID, ":") {
		return nil, web.InvalidParam("device_id is not one.") // with a colon it could read as another user's identity
	}
	m := Member{SFURoom: SFURoom(q.Room, DefaultSlot), RoomID: q.Room, SlotID: DefaultSlot, DeviceID: q.DeviceID}
	return r.serve(req.Context(), q, m, func(userID string) string { return plainIdentity(userID, q.DeviceID) })
}

// serviceGetToken answers POST /livekit/jwt/get_token.
func (r *RTC) serviceGetToken(req *http.Request) (any, error) {
	var q serviceRequest
	if err := web.Decode(req, &q, maxBody); err != nil {
		return nil, err
	}
	m, err := q.memberOf()
	if err != nil {
		return nil, err
	}
	return r.serve(req.Context(), q, m, func(userID string) string { return deviceIdentity(userID, m.DeviceID, q.Member.ID) })
}

func (q *serviceRequest) memberOf() (Member, error) {
	if q.RoomID == "" || q.SlotID == "" || q.Member.ID == "" || q.Member.UserID == "" || q.Member.DeviceID == "" {
		return Member{}, web.BadJSON("room_id, slot_id and member with id, claimed_user_id and claimed_device_id are needed.")
	}
	if len(q.SlotID) > maxName || len(q.Member.ID) > maxName || len(q.Member.DeviceID) > maxName {
		return Member{}, web.InvalidParam("An id is too long.")
	}
	return Member{SFURoom: SFURoom(q.RoomID, q.SlotID), RoomID: q.RoomID, SlotID: q.SlotID, DeviceID: q.Member.DeviceID}, nil
}

func (r *RTC) serve(ctx context.Context, q serviceRequest, m Member, identity func(userID string) string) (any, error) {
	if err := r.prove(ctx, q, &m, identity); err != nil {
		return nil, err
	}
	answer, err := r.answer(ctx, m)
	if err == nil && q.DelayID != "" {
		err = r.handOver(ctx, m, q.DelayID)
	}
	return answer, err
}

// prove finds out who asks, by their OpenID token, and completes the member. A token that was used for another room or device is
// refused: somebody replays what they have seen.
func (r *RTC) prove(ctx context.Context, q serviceRequest, m *Member, identity func(userID string) string) error {
	if q.OpenID.AccessToken == "" || q.OpenID.ServerName == "" {
		return web.BadJSON("openid_token with access_token and matrix_server_name is needed.")
	}
	purpose := sha256.Sum256([]byte(m.SFURoom + "\x00" + m.DeviceID + "\x00" + q.Member.ID))
	key := sha256.Sum256([]byte(q.OpenID.ServerName + "\x00" + q.OpenID.AccessToken))
	if used, known := r.proofs.Get(key); known && used.for_ != purpose {
		return r.usedAgain(used, m)
	}
	userID, deviceID, err := r.openIDUser(ctx, q.OpenID)
	if err != nil {
		r.o.Log.WithError(err).WithField("server", q.OpenID.ServerName).Warn("an OpenID token was refused")
		return errUnproved
	}
	if q.Member.UserID != "" && q.Member.UserID != userID {
		r.o.Log.WithFields(map[string]any{"user": userID, "claimed": q.Member.UserID}).Warn("an OpenID token is another user's")
		return errUnproved
	}
	if deviceID != "" && m.DeviceID != deviceID {
		r.o.Log.WithFields(map[string]any{"user": userID, "room": m.RoomID}).Warn("an OpenID token is another device's")
		return errUnproved
	}
	// Of two that come with it at the same time one is the first.
	if used, known, _ := r.proofs.PeekOrAdd(key, proof{userID: userID, for_: purpose}); known && used.for_ != purpose {
		return r.usedAgain(used, m)
	}
	m.UserID, m.Identity = userID, identity(userID)
	return nil
}

func (r *RTC) usedAgain(used proof, m *Member) error {
	r.o.Log.WithFields(map[string]any{"user": used.userID, "room": m.RoomID}).Warn("an OpenID token was used again for something else")
	return errUnproved
}

// openIDUser asks the server of a token whose it is: our own accounts, which know the device, too, or another server that may take part.
func (r *RTC) openIDUser(ctx context.Context, token openID) (userID, deviceID string, err error) {
	if token.ServerName == r.o.ServerName {
		return r.o.Accounts.OpenIDDevice(ctx, token.AccessToken)
	}
	if !r.o.AllowServer(token.ServerName) {
		return "", "", errors.New("its server may not take part")
	}
	userID, err = r.o.Remote.OpenIDUser(ctx, token.ServerName, token.AccessToken)
	if err == nil && serverOf(userID) != token.ServerName {
		err = errors.New("its server says that it is another server's user")
	}
	return userID, "", err
}
