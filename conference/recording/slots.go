package recording

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/conference/manifest"
)

// Call is a call of a room: the one in a slot (MSC4143).
type Call struct{ RoomID, SlotID string }

func (r *Recording) call() Call { return Call{r.RoomID, r.SlotID} }

// stateKey is where the room says whether the call is recorded.
func (c Call) stateKey() string {
	if c.SlotID == "" || c.SlotID == manifest.OwnSlot {
		return ""
	}
	return c.SlotID
}

// maxSlot bounds a slot's id, which is a state key, in bytes.
const maxSlot = 255

var (
	errBadSlot = refusal(http.StatusBadRequest, "M_INVALID_PARAM", "refused_slot_form", "A slot is an application and an id with # between, such as m.call#ROOM, in 255 bytes at most.")
	errNoSlot  = refusal(http.StatusNotFound, "M_NOT_FOUND", "refused_slot", "This room has no such call.")
	errClosed  = refusal(http.StatusForbidden, "M_FORBIDDEN", "refused_closed", "This call is closed.")
)

// isSlot reports whether text has the form of a slot's id.
func isSlot(text string) bool {
	application, id, ok := strings.Cut(text, "#")
	odd := func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }
	return ok && application != "" && id != "" && len(text) <= maxSlot && utf8.ValidString(text) && text[0] != '@' &&
		strings.IndexFunc(text, odd) < 0
}

// checkSlot refuses calls that are none.
func (s *Service) checkSlot(ctx context.Context, call Call) error {
	if !isSlot(call.SlotID) {
		return errBadSlot
	}
	known, closed, err := s.o.Calls.Slot(ctx, call)
	switch {
	case err != nil:
		return errNoSFU.Because(err)
	case !known:
		return errNoSlot
	case closed:
		return errClosed
	}
	return nil
}

// meant is the call that a wish is about: that of its slot; without one the room's own, unless another one is the only one that is recorded.
func (s *Service) meant(roomID, slotID string) Call {
	own := Call{roomID, manifest.OwnSlot}
	if slotID != "" {
		return Call{roomID, slotID}
	}
	running := slices.DeleteFunc(s.runningIn(roomID), func(a *active) bool { return a.ending() })
	if len(running) == 1 {
		return running[0].rec.call()
	}
	return own
}

// runningIn are the recordings that run in a room.
func (s *Service) runningIn(roomID string) []*active {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*active
	for call, a := range s.active {
		if call.RoomID == roomID {
			all = append(all, a)
		}
	}
	return all
}

// cutSlot splits what follows a command into a slot and the rest. What looks like a slot of a known kind only is one: titles, too, may have
// a #.
func cutSlot(text string) (slotID, rest string) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if application, _, _ := strings.Cut(word, "#"); isSlot(word) && strings.Contains(application, ".") {
		return word, strings.TrimSpace(rest)
	}
	return "", strings.TrimSpace(text)
}
