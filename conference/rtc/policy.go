package rtc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/conference/sfu"
	"medixchange/internal/strictjson"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// PolicyType is the state event (state key "") by which moderators shape the conferences of a room, and KnockType the event that
// tells them that somebody waits before a locked one.
const (
	PolicyType = "org.medixchange.conference.policy"
	KnockType  = "org.medixchange.conference.knock"
)

// slotTypes are the names of the state event of a slot (MSC4143).
var slotTypes = []string{"m.rtc.slot", "org.matrix.msc4143.rtc.slot"}

// errLocked is what somebody is told who waits before the door.
var errLocked = web.Forbidden("This conference is locked. The moderators were told that you wait.").With("org.medixchange.conference", "locked")

// knockEvery bounds how often somebody knocks.
const knockEvery = time.Minute

// Policy is the content of PolicyType.
type Policy struct {
	AudioOnly bool
	// MaxVideo is how many may show pictures at a time, of all hospitals together; nil: all.
	MaxVideo *int
	Locked   bool
	Admitted []string // users who may come in although it is locked
}

func parsePolicy(content gjson.Result) Policy {
	p := Policy{AudioOnly: content.Get("audio_only").Bool(), Locked: content.Get("locked").Bool()}
	if limit := content.Get("max_video"); limit.Type == gjson.Number && limit.Int() >= 0 && limit.Int() < 10_000 {
		n := int(limit.Int())
		p.MaxVideo = &n
	}
	for _, user := range content.Get("admitted").Array() {
		p.Admitted = append(p.Admitted, user.Str)
	}
	return p
}

func (p Policy) admits(userID string) bool { return slices.Contains(p.Admitted, userID) }

// everything that may be published; LiveKit takes an empty list for it.
var soundOnly = []string{sfu.Microphone}

// sourcesFor is what one of our participants may publish, given who shows pictures in order; nil: everything.
func (p Policy) sourcesFor(who picture, showing []picture) []string {
	if p.AudioOnly {
		return soundOnly
	}
	if p.MaxVideo == nil {
		return nil
	}
	at := slices.IndexFunc(showing, func(s picture) bool { return s.Identity == who.Identity && s.UserID == who.UserID })
	if at >= 0 && at < *p.MaxVideo || at < 0 && len(showing) < *p.MaxVideo {
		return nil
	}
	return soundOnly
}

// policyOf reads a room's policy; a room without one has none.
func (r *RTC) policyOf(ctx context.Context, roomID string) (Policy, error) {
	ev, err := r.o.Rooms.StateEvent(ctx, roomID, PolicyType, "")
	if errors.Is(err, rooms.ErrNotFound) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, fmt.Errorf("reading the policy of a room's conferences: %w", err)
	}
	return parsePolicy(ev.Content()), nil
}

// slotEvent is the state event of a slot, nil where the room says nothing of it.
func (r *RTC) slotEvent(ctx context.Context, roomID, slotID string) (*rooms.Event, error) {
	for _, typ := range slotTypes {
		ev, err := r.o.Rooms.StateEvent(ctx, roomID, typ, slotID)
		if errors.Is(err, rooms.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading a slot: %w", err)
		}
		return ev, nil
	}
	return nil, nil
}

// slotClosed reports whether a slot is there and not open: its event says no application.
func (r *RTC) slotClosed(ctx context.Context, roomID, slotID string) (bool, error) {
	ev, err := r.slotEvent(ctx, roomID, slotID)
	return ev != nil && !ev.Content().Get("application").IsObject(), err
}

// Slot says what a room knows of a slot: whether it is the room's own, or the room's state or somebody who is in its call names it; and
// whether it is closed.
func (r *RTC) Slot(ctx context.Context, roomID, slotID string) (known, closed bool, err error) {
	ev, err := r.slotEvent(ctx, roomID, slotID)
	if err != nil {
		return false, false, err
	}
	if ev != nil {
		return true, !ev.Content().Get("application").IsObject(), nil
	}
	return slotID == DefaultSlot || len(r.memberships(ctx, roomID, slotID)) > 0, false, nil
}

// moderates reports whether a user may change the policy.
func moderates(s *rooms.Snapshot, userID string) bool {
	return s.PowerLevel(userID) >= s.PowerToSend(PolicyType, true)
}

// knock tells a room that one of our users waits. Users of other nodes knock at their own.
func (r *RTC) knock(ctx context.Context, m Member) {
	if serverOf(m.UserID) != r.o.ServerName {
		return
	}
	now, key := r.o.Now().UnixMilli(), m.UserID+" "+m.RoomID
	if last, ok := r.knocks.Get(key); ok && now-last < knockEvery.Milliseconds() {
		return
	}
	r.knocks.Add(key, now)
	content := append(strictjson.AppendString([]byte(`{"slot_id":`), []byte(m.SlotID)), '}')
	if _, err := r.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: m.RoomID, Sender: m.UserID, Type: KnockType, Content: content}); err != nil {
		r.o.Log.WithError(err).Warn("somebody who waits before a conference could not be announced")
	}
}

// enforceAll applies policies to those who are in conferences already.
func (r *RTC) enforceAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case roomID := <-r.enforced:
			if err := r.enforce(ctx, roomID); err != nil && ctx.Err() == nil {
				r.o.Log.WithError(err).Warn("the policy of a conference could not be applied, trying again")
				r.owing.Store(true)
			}
		}
	}
}

// toEnforce has the policy of a room applied soon.
func (r *RTC) toEnforce(roomID string) {
	select {
	case r.enforced <- roomID:
	default:
		r.owing.Store(true)
	}
}

// enforce applies a room's policy to its calls: what fails for one participant does not keep it from the others.
func (r *RTC) enforce(ctx context.Context, roomID string) error {
	policy, err := r.policyOf(ctx, roomID)
	if err != nil {
		return err
	}
	calls := map[call]bool{}
	for _, m := range r.members.room(roomID) {
		calls[m.call()] = true
	}
	var failed error
	for c := range calls {
		failed = errors.Join(failed, r.enforceIn(ctx, c, policy))
	}
	return failed
}

// maxTracks is how many tracks a participant may publish at a time: microphone, camera, screen and its sound, and some more while
// they are changed for others.
const maxTracks = 12

// endless removes somebody who publishes without end, and keeps them out for a while.
func (r *RTC) endless(p place, tracks int) {
	m, _ := r.members.get(p)
	r.o.Log.WithFields(map[string]any{"user": m.UserID, "room": m.RoomID, "tracks": tracks}).Warn("somebody publishes too many tracks in a conference")
	r.removed.Add(place{p.sfuRoom, m.UserID}, r.o.Now().Add(staysOut).UnixMilli())
	r.evict(p)
}

func (r *RTC) enforceIn(ctx context.Context, c call, policy Policy) error {
	present, showing, err := r.present(ctx, c)
	if err != nil {
		return err
	}
	if policy.MaxVideo != nil {
		r.exchange(ctx, c, showing)
		showing = r.countingAll(c, showing)
	}
	var failed error
	for _, p := range present {
		if !p.Publish || p.Hidden || p.Recorder {
			continue
		}
		at := place{c.sfuRoom, p.Identity}
		if len(p.Tracks) > maxTracks {
			r.endless(at, len(p.Tracks))
			continue
		}
		m, _ := r.members.get(at)
		want := policy.sourcesFor(picture{Identity: p.Identity, UserID: m.UserID}, showing)
		if slices.Equal(want, p.Sources) {
			continue
		}
		if err := r.o.SFU.Permit(ctx, c.sfuRoom, p.Identity, true, want); err != nil && !errors.Is(err, sfu.ErrNotThere) {
			failed = errors.Join(failed, fmt.Errorf("applying the policy of a conference: %w", err))
		}
	}
	return failed
}

// present lists who is in a call on the SFU of this node, and who of them shows pictures.
func (r *RTC) present(ctx context.Context, c call) ([]sfu.Participant, []picture, error) {
	present, err := r.o.SFU.Participants(ctx, c.sfuRoom)
	if err != nil {
		return nil, nil, fmt.Errorf("looking who is in a conference: %w", err)
	}
	return present, r.ownPictures(c, present), nil
}
