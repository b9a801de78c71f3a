package recording

import (
	"context"
	"encoding/json"
	"errors"

	"medixchange/rooms"
)

// roomState is the content of StateType.
type roomState struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	Consent   string `json:"consent"`
	StartedTS int64  `json:"started_ts"`
	By        string `json:"by"`
	SlotID    string `json:"slot_id,omitempty"`
}

// stateOf reads what the room says of the recording of a call; the zero value where it says nothing.
func (s *Service) stateOf(ctx context.Context, call Call) (roomState, error) {
	var state roomState
	ev, err := s.o.Rooms.StateEvent(ctx, call.RoomID, StateType, call.stateKey())
	if errors.Is(err, rooms.ErrNotFound) {
		return state, nil
	}
	if err != nil {
		return state, wrap(err, "reading whether a room is recorded")
	}
	if json.Unmarshal([]byte(ev.Content().Raw), &state) != nil {
		return roomState{}, nil
	}
	return state, nil
}

// says reports whether the room's state is about rec and in that state. When in doubt it is.
func (s *Service) says(ctx context.Context, rec *Recording, state string) bool {
	said, err := s.stateOf(ctx, rec.call())
	return err != nil || said.ID == rec.ID && said.State == state
}

func (s *Service) sendState(ctx context.Context, rec *Recording, sender, state string) error {
	content, err := json.Marshal(roomState{ID: rec.ID, State: state, Consent: rec.Consent, StartedTS: rec.StartedTS, By: rec.By, SlotID: rec.SlotID})
	if err != nil {
		return wrap(err, "encoding the state of a recording")
	}
	key := rec.call().stateKey()
	_, err = s.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: rec.RoomID, Sender: sender, Type: StateType, StateKey: &key, Content: content})
	return wrap(err, "saying that a room is recorded")
}
