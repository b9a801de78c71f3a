package recording

import (
	"cmp"
	"net/http"

	"medixchange/accounts"
	"medixchange/conference/manifest"
	"medixchange/internal/web"
)

// Prefix is where clients start, stop and list recordings.
const Prefix = "/_matrix/client/unstable/org.medixchange.conference/rooms/{roomId}"

// maxBody bounds what clients send, in bytes.
const maxBody = 16 << 10

// Authenticate says who asks: by access token, or by the cookie of the node's own pages.
type Authenticate func(r *http.Request) (*accounts.Device, error)

// AddClientRoutes adds what clients ask.
func (s *Service) AddClientRoutes(rt *web.Router, who Authenticate) {
	with := func(h func(r *http.Request, roomID, userID string) (any, error)) web.Handler {
		return func(_ http.ResponseWriter, r *http.Request) (any, error) {
			device, err := who(r)
			if err != nil {
				return nil, err
			}
			if device.Suspended && r.Method != http.MethodGet {
				return nil, accounts.ErrSuspended
			}
			return h(r, web.Var(r, "roomId"), device.UserID)
		}
	}
	rt.Handle(http.MethodPost, Prefix+"/recording", with(s.postRecording))
	rt.Handle(http.MethodGet, Prefix+"/recording", with(s.getRecording))
	rt.Handle(http.MethodPost, Prefix+"/recording/consent", with(s.postConsent))
	rt.Handle(http.MethodGet, Prefix+"/recordings", with(s.getRecordings))
}

func (s *Service) postRecording(r *http.Request, roomID, userID string) (any, error) {
	var body struct {
		Action  string `json:"action"`
		Consent string `json:"consent"`
		Title   string `json:"title"`
		SlotID  string `json:"slot_id"`
	}
	if err := web.Decode(r, &body, maxBody); err != nil {
		return nil, err
	}
	if body.SlotID != "" && !isSlot(body.SlotID) {
		return nil, errBadSlot
	}
	switch body.Action {
	case "start":
		rec, err := s.Start(r.Context(), Request{RoomID: roomID, SlotID: body.SlotID, UserID: userID, Consent: body.Consent, Title: body.Title})
		if err != nil {
			return nil, err
		}
		return map[string]any{"id": rec.ID, "state": rec.State, "slot_id": rec.SlotID, "url": s.address(rec.ID)}, nil
	case "stop":
		return struct{}{}, s.Stop(r.Context(), roomID, body.SlotID, userID)
	case manifest.CommandPause, manifest.CommandResume, manifest.CommandChapter:
		return struct{}{}, s.Command(r.Context(), roomID, body.SlotID, userID, body.Action, body.Title)
	}
	return nil, web.InvalidParam("action is start, stop, pause, resume or chapter")
}

// getRecording says whether the call of the parameter slot_id, or the room's own, is recorded, whoever does it, and what the asker may do.
func (s *Service) getRecording(r *http.Request, roomID, userID string) (any, error) {
	snapshot, err := s.snapshot(r.Context(), roomID)
	if err != nil {
		return nil, err
	}
	if snapshot.Membership(userID) != "join" {
		return nil, web.Forbidden("You are not joined to this room.")
	}
	call := Call{roomID, cmp.Or(r.URL.Query().Get("slot_id"), manifest.OwnSlot)}
	if !isSlot(call.SlotID) {
		return nil, errBadSlot
	}
	state, err := s.stateOf(r.Context(), call)
	if err != nil {
		return nil, err
	}
	may := snapshot.PowerLevel(userID) >= snapshot.PowerToSend(StateType, true)
	return map[string]any{
		"recording": state.State == manifest.StateRecording, "state": state,
		"may_record": may && s.o.Config.Enabled && !snapshot.Encrypted, "consent": s.o.Config.Consent,
	}, nil
}

func (s *Service) postConsent(r *http.Request, roomID, userID string) (any, error) {
	var body struct {
		Answer string `json:"answer"`
		SlotID string `json:"slot_id"`
	}
	if err := web.Decode(r, &body, maxBody); err != nil {
		return nil, err
	}
	return struct{}{}, s.Consent(r.Context(), roomID, body.SlotID, userID, body.Answer)
}

// listed is a recording as members of its room see it.
type listed struct {
	*Recording
	URL string `json:"url"`
}

func (s *Service) getRecordings(r *http.Request, roomID, userID string) (any, error) {
	snapshot, err := s.snapshot(r.Context(), roomID)
	if err != nil {
		return nil, err
	}
	if snapshot.Membership(userID) != "join" {
		return nil, web.Forbidden("You are not joined to this room.")
	}
	found, err := s.inRoom(r.Context(), roomID, maxListed)
	if err != nil {
		return nil, err
	}
	all := make([]listed, 0, len(found))
	for _, rec := range found {
		rec.HeldBy, rec.HeldReason, rec.HeldTS = "", "", 0 // is for administrators
		all = append(all, listed{rec, s.address(rec.ID)})
	}
	return map[string]any{"recordings": all}, nil
}
