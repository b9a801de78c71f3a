package recording

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"medixchange/conference/manifest"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// consentType is the event by which a member tells the hospital that records a call whether they may be recorded: {"id", "answer"}.
const consentType = "org.medixchange.recording.consent"

// maxElsewhere bounds the recordings of other hospitals that one answer is for.
const maxElsewhere = 20

// Consent takes the answer of a member here to being recorded, whichever hospital records. Without a slot a yes is for the recording which
// [Service.meant] finds, and a no for all of the room.
func (s *Service) Consent(ctx context.Context, roomID, slotID, userID, answer string) error {
	if answer != "yes" && answer != "no" {
		return web.InvalidParam("answer is yes or no")
	}
	snapshot, err := s.snapshot(ctx, roomID)
	if err != nil {
		return err
	}
	if snapshot.Membership(userID) != "join" {
		return web.Forbidden("You are not joined to this room.")
	}
	here := s.answeredHere(roomID, slotID, answer)
	for _, a := range here {
		if err := s.consent(ctx, a, userID, answer); err != nil {
			return err
		}
	}
	elsewhere, err := s.answeredElsewhere(ctx, snapshot, slotID, answer)
	if err != nil {
		return err
	}
	for _, id := range elsewhere {
		if err := s.tellElsewhere(ctx, roomID, userID, id, answer); err != nil {
			return err
		}
	}
	if len(here)+len(elsewhere) == 0 {
		return errNone
	}
	return nil
}

// answeredHere are the recordings of this node that an answer is for.
func (s *Service) answeredHere(roomID, slotID, answer string) []*active {
	if slotID == "" && answer == "no" {
		return s.runningIn(roomID)
	}
	if a := s.find(s.meant(roomID, slotID)); a != nil {
		return []*active{a}
	}
	return nil
}

// answeredElsewhere are the ids of the recordings that other hospitals make by what the room says, and that an answer is for.
func (s *Service) answeredElsewhere(ctx context.Context, snapshot *rooms.Snapshot, slotID, answer string) ([]string, error) {
	wanted := Call{snapshot.RoomID, slotID}.stateKey()
	var nids []int64
	snapshot.EachState(func(typ, key string, nid int64) bool {
		if typ == StateType && (key == wanted || slotID == "" && answer == "no") {
			nids = append(nids, nid)
		}
		return len(nids) < maxElsewhere
	})
	events, err := s.o.Rooms.Events(ctx, nids)
	if err != nil {
		return nil, wrap(err, "reading which calls are recorded")
	}
	var ids []string
	for _, ev := range events {
		var said roomState
		ours := func(a *active) bool { return a.rec.ID == said.ID }
		if json.Unmarshal([]byte(ev.Content().Raw), &said) == nil && said.State == manifest.StateRecording && manifest.ValidID(said.ID) &&
			!slices.ContainsFunc(s.runningIn(snapshot.RoomID), ours) {
			ids = append(ids, said.ID)
		}
	}
	return ids, nil
}

func (s *Service) tellElsewhere(ctx context.Context, roomID, userID, id, answer string) error {
	content, err := json.Marshal(map[string]string{"id": id, "answer": answer})
	if err != nil {
		return wrap(err, "encoding an answer")
	}
	_, err = s.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: roomID, Sender: userID, Type: consentType, Content: content})
	return forbidden(wrap(err, "telling another hospital whether somebody may be recorded"))
}

func (s *Service) consent(ctx context.Context, a *active, userID, answer string) error {
	ts := s.o.Now().UnixMilli()
	if err := s.storeConsent(ctx, a.rec.ID, userID, answer, ts); err != nil {
		return err
	}
	s.note(ctx, userID, "consent", a.rec.ID, answer)
	a.tell(manifest.Command{Type: manifest.CommandConsent, UserID: userID, Answer: answer, TS: ts})
	return nil
}

// hearConsent takes what a member of another hospital answers to a recording of this node, by an event or by "!record no": their own node
// answers them. What it repeats after a crash changes nothing.
func (s *Service) hearConsent(ctx context.Context, ev *rooms.Event, rest string) error {
	content := ev.Content()
	id, answer := content.Get("id").Str, content.Get("answer").Str
	about := s.runningIn(ev.RoomID)
	if ev.Type != consentType {
		word, slot, _ := strings.Cut(rest, " ")
		slotID, _ := cutSlot(slot)
		answer = strings.ToLower(word)
		about = s.answeredHere(ev.RoomID, slotID, answer)
	} else {
		about = slices.DeleteFunc(about, func(a *active) bool { return a.rec.ID != id })
	}
	if answer != "yes" && answer != "no" {
		return nil
	}
	for _, a := range about {
		if err := s.consent(ctx, a, ev.Sender, answer); err != nil {
			return err
		}
	}
	return nil
}
