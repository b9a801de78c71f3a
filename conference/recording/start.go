package recording

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"medixchange/conference/manifest"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// maxTitle bounds the title of a recording, in letters.
const maxTitle = 200

// Refusals. The code of each is the key of its words, too.
var (
	errOff       = refusal(http.StatusForbidden, "M_FORBIDDEN", "refused_off", "This hospital records no conferences.")
	errEncrypted = refusal(http.StatusForbidden, "M_FORBIDDEN", "refused_encrypted", "This room is end-to-end encrypted: the recorder could not see or hear anything, and must not.")
	errPower     = refusal(http.StatusForbidden, "M_FORBIDDEN", "refused_power", "Only moderators of the room may record.")
	errRunning   = refusal(http.StatusConflict, "M_INVALID_PARAM", "refused_running", "The room is being recorded already.")
	errNone      = refusal(http.StatusNotFound, "M_NOT_FOUND", "refused_none", "Nothing is being recorded in this room.")
	errQuota     = refusal(http.StatusInsufficientStorage, "M_LIMIT_EXCEEDED", "refused_quota", "There is no more room for recordings. Ask your IT department.")
	errBusy      = refusal(http.StatusServiceUnavailable, "M_LIMIT_EXCEEDED", "refused_busy", "As many conferences are being recorded as may be at a time.")
	errNoSFU     = refusal(http.StatusServiceUnavailable, "M_UNKNOWN", "refused_sfu", "The conference cannot be reached now. Try again in a moment.")
)

func refusal(status int, code, key, text string) *web.Error {
	return web.NewError(status, code, "%s", text).With("org.medixchange.reason", key)
}

// Request is a wish to record.
type Request struct {
	RoomID, UserID string
	SlotID         string // "" for the room's own call
	Consent        string // "" for what the hospital has
	Title          string
}

// Start records the call of a room on behalf of a moderator, and returns the recording. Errors: *web.Error, which say why not.
func (s *Service) Start(ctx context.Context, r Request) (*Recording, error) {
	rec, err := s.start(ctx, r)
	result := "started"
	if err != nil {
		result = "refused"
		s.o.Log.WithError(err).WithFields(map[string]any{"room": r.RoomID, "user": r.UserID}).Info("a recording was refused")
	}
	s.metrics.starts.WithLabelValues(result).Inc()
	return rec, err
}

func (s *Service) start(ctx context.Context, r Request) (*Recording, error) {
	snapshot, err := s.mayModerate(ctx, r.RoomID, r.UserID)
	if err != nil {
		return nil, err
	}
	switch {
	case !s.o.Config.Enabled:
		return nil, errOff
	case snapshot.Encrypted:
		return nil, errEncrypted
	case r.Consent == "":
		r.Consent = s.o.Config.Consent
	case r.Consent != manifest.ConsentNotice && r.Consent != manifest.ConsentExplicit:
		return nil, web.InvalidParam("consent is notice or explicit")
	}
	call := Call{r.RoomID, cmp.Or(r.SlotID, manifest.OwnSlot)}
	if err := s.checkSlot(ctx, call); err != nil {
		return nil, err
	}
	if err := s.roomFor(ctx); err != nil {
		return nil, err
	}
	rec := &Recording{
		ID: strings.ToLower(rand.Text()), RoomID: call.RoomID, SlotID: call.SlotID, Title: shortened(r.Title), By: r.UserID, Consent: r.Consent,
		State: manifest.StateRecording, StartedTS: s.o.Now().UnixMilli(),
	}
	a := newActive(rec)
	if err := s.claim(ctx, a); err != nil {
		return nil, err
	}
	if err := s.open(ctx, a); err != nil {
		s.forget(a)
		return nil, err
	}
	return rec, nil
}

// roomFor checks that one more recording finds its place.
func (s *Service) roomFor(ctx context.Context) error {
	if s.running() >= s.o.Config.Concurrent {
		return errBusy
	}
	used, err := s.usedBytes(ctx)
	if err != nil {
		return err
	}
	if quota := int64(s.o.Config.Quota); quota > 0 && used >= quota {
		return errQuota
	}
	return nil
}

// claim makes a the call's only recording, also among those of other hospitals.
func (s *Service) claim(ctx context.Context, a *active) error {
	state, err := s.stateOf(ctx, a.rec.call())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[a.rec.call()] != nil || state.State == manifest.StateRecording {
		return errRunning
	}
	s.active[a.rec.call()] = a
	return nil
}

// open writes the recording down, tells the room and starts the recorder. The room's state comes first: it is refused to those who
// may not send it, and nobody is recorded before it is there.
func (s *Service) open(ctx context.Context, a *active) error {
	if err := s.insert(ctx, a.rec); err != nil {
		return err
	}
	if err := s.sendState(ctx, a.rec, a.rec.By, manifest.StateRecording); err != nil {
		return errors.Join(forbidden(err), s.remove(ctx, a.rec.ID))
	}
	s.note(ctx, a.rec.By, "record", a.rec.ID, a.rec.Consent)
	s.announceStart(ctx, a.rec)
	select {
	case s.work <- a:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop ends the recording of a call on behalf of a moderator, without a slot that which [Service.meant] finds. One that another hospital makes is asked to end by the room's state.
func (s *Service) Stop(ctx context.Context, roomID, slotID, userID string) error {
	if _, err := s.mayModerate(ctx, roomID, userID); err != nil {
		return err
	}
	call := s.meant(roomID, slotID)
	if a := s.find(call); a != nil {
		s.note(ctx, userID, "stop", a.rec.ID, "")
		a.stop("stopped by " + userID)
		return nil
	}
	state, err := s.stateOf(ctx, call)
	if err != nil {
		return err
	}
	if state.State != manifest.StateRecording {
		return errNone
	}
	return forbidden(s.sendState(ctx, &Recording{ID: state.ID, RoomID: roomID, SlotID: call.SlotID, Consent: state.Consent, StartedTS: state.StartedTS, By: state.By}, userID, manifest.StateFinished))
}

// Command passes a moderator's wish on to the recorder: pause, resume or chapter.
func (s *Service) Command(ctx context.Context, roomID, slotID, userID, command, title string) error {
	if _, err := s.mayModerate(ctx, roomID, userID); err != nil {
		return err
	}
	a := s.find(s.meant(roomID, slotID))
	if a == nil {
		return errNone
	}
	s.note(ctx, userID, command, a.rec.ID, "")
	a.tell(manifest.Command{Type: command, Title: shortened(title)})
	return nil
}

// mayModerate lets those through who may send the room's state.
func (s *Service) mayModerate(ctx context.Context, roomID, userID string) (*rooms.Snapshot, error) {
	snapshot, err := s.snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	if snapshot.Membership(userID) != "join" {
		return nil, web.Forbidden("You are not joined to this room.")
	}
	if snapshot.PowerLevel(userID) < snapshot.PowerToSend(StateType, true) {
		return nil, errPower
	}
	return snapshot, nil
}

func (s *Service) snapshot(ctx context.Context, roomID string) (*rooms.Snapshot, error) {
	snapshot, err := s.o.Rooms.Snapshot(ctx, roomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, web.Forbidden("You are not joined to this room.")
	}
	return snapshot, wrap(err, "reading a room for a recording")
}

func forbidden(err error) error {
	if errors.Is(err, rooms.ErrForbidden) {
		return errPower
	}
	return err
}

func shortened(title string) string {
	title = strings.TrimSpace(title)
	if utf8.RuneCountInString(title) <= maxTitle {
		return title
	}
	return string([]rune(title)[:maxTitle])
}
