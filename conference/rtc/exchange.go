package rtc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"medixchange/internal/web"
	"medixchange/rooms"
)

// How many pictures there are at a time is counted over all hospitals of a call: each tells the others who shows pictures on its SFU when
// that changes, and is told theirs with the answer.

const (
	exchangePath    = federationOwn + "/pictures"
	exchangeTimeout = 5 * time.Second
	// tokenPatience is for how long a token waits to know what the others show.
	tokenPatience = time.Second
)

// report is what one hospital says of who shows pictures in a call. The answer has no room and slot.
type report struct {
	RoomID  string    `json:"room_id,omitempty"`
	SlotID  string    `json:"slot_id,omitempty"`
	TS      int64     `json:"ts"` // ms, when it was so
	Showing []picture `json:"showing"`
}

func (r *RTC) reportOf(own []picture) *report {
	return &report{TS: r.o.Now().UnixMilli(), Showing: append([]picture{}, own[:min(len(own), maxTold)]...)}
}

// exchange tells the other hospitals of a call what is shown here where they do not know it yet, and asks those for theirs that were
// not heard for a while. What it returns is closed as each of them has answered, or has not.
func (r *RTC) exchange(ctx context.Context, c call, own []picture) []chan struct{} {
	var pending []chan struct{}
	for _, server := range r.partners(ctx, c) {
		said := r.reportOf(own)
		said.RoomID, said.SlotID = c.roomID, c.slotID
		done, mine := r.words.begin(c.sfuRoom, server, said.Showing, said.TS)
		if mine {
			go r.tell(c, server, said, done)
		}
		if done != nil {
			pending = append(pending, done)
		}
	}
	return pending
}

// tell tells one hospital, and has the policy applied to what it answers.
func (r *RTC) tell(c call, server string, said *report, done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), exchangeTimeout)
	defer cancel()
	answer, err := r.ask(ctx, c, server, said)
	r.words.end(c.sfuRoom, server, done, said.Showing, answer, r.o.Now().UnixMilli())
	if err != nil {
		r.o.Log.WithError(err).WithField("server", server).Warn("another hospital does not say who shows pictures in a conference")
		return
	}
	r.toEnforce(c.roomID)
}

func (r *RTC) ask(ctx context.Context, c call, server string, said *report) (*report, error) {
	answer := &report{}
	if err := r.o.Remote.Conference(ctx, server, said, answer, exchangePath); err != nil {
		return nil, err
	}
	snapshot, err := r.o.Rooms.Snapshot(ctx, c.roomID)
	if err != nil {
		return nil, fmt.Errorf("reading a room for a conference: %w", err)
	}
	answer.Showing = r.believed(snapshot, server, answer.Showing)
	return answer, nil
}

// showingNow is who shows pictures in a call, at all hospitals that say so soon.
func (r *RTC) showingNow(ctx context.Context, c call) ([]picture, error) {
	_, own, err := r.present(ctx, c)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(tokenPatience)
	defer timer.Stop()
	for _, done := range r.exchange(ctx, c, own) {
		select {
		case <-done:
			continue
		case <-timer.C:
		case <-ctx.Done():
		}
		break
	}
	return r.countingAll(c, own), nil
}

// partners lists the other hospitals that take part in a call: whose users say so in the room or have a token for our SFU, and
// those that have said something.
func (r *RTC) partners(ctx context.Context, c call) []string {
	snapshot, err := r.o.Rooms.Snapshot(ctx, c.roomID)
	if err != nil {
		r.o.Log.WithError(err).Warn("the hospitals of a conference cannot be read")
		return nil
	}
	servers := r.words.servers(c.sfuRoom, r.o.Now().UnixMilli())
	for _, m := range r.memberships(ctx, c.roomID, "") {
		servers = append(servers, serverOf(m.userID))
	}
	for _, m := range r.members.room(c.roomID) {
		if m.SFURoom == c.sfuRoom {
			servers = append(servers, serverOf(m.UserID))
		}
	}
	slices.Sort(servers)
	servers = slices.DeleteFunc(slices.Compact(servers), func(server string) bool {
		return server == r.o.ServerName || r.counts(ctx, snapshot, server) != nil
	})
	return servers[:min(len(servers), maxHospitals)]
}

// counts reports why what a server says of a room does not count.
func (r *RTC) counts(ctx context.Context, snapshot *rooms.Snapshot, server string) error {
	if !slices.Contains(snapshot.Servers(), server) || !r.o.AllowServer(server) {
		return errNotJoined
	}
	allowed, err := r.o.Rooms.ServerACLAllows(ctx, server, snapshot.RoomID)
	if err != nil {
		return fmt.Errorf("reading a room's access list for a conference: %w", err)
	}
	if !allowed {
		return errNotJoined
	}
	return nil
}

// believed is what counts of the pictures that a server names: those of its own users who are in the room. Since when is taken as it is
// said, also where clocks differ, so that all hospitals come to the same order.
func (r *RTC) believed(snapshot *rooms.Snapshot, server string, list []picture) []picture {
	known := map[string]bool{}
	out := []picture{}
	for _, p := range list[:min(len(list), maxTold)] {
		if p.Identity == "" || len(p.Identity) > 2*maxName || known[p.Identity] || serverOf(p.UserID) != server || snapshot.Membership(p.UserID) != "join" {
			continue
		}
		known[p.Identity] = true
		out = append(out, p)
	}
	return out
}

// remotePictures takes what another hospital says of who shows pictures in a call, and answers the same.
func (r *RTC) remotePictures(ctx context.Context, origin string, body []byte) (any, error) {
	if err := r.tellers.Check(origin); err != nil {
		return nil, err
	}
	said := &report{}
	if err := decode(body, said); err != nil {
		return nil, err
	}
	if said.RoomID == "" || said.SlotID == "" || len(said.SlotID) > maxName || len(said.Showing) > maxTold {
		return nil, web.InvalidParam("room_id, slot_id and a list of at most %d are needed.", maxTold)
	}
	snapshot, err := r.o.Rooms.Snapshot(ctx, said.RoomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, errNotJoined
	}
	if err != nil {
		return nil, fmt.Errorf("reading a room for a conference: %w", err)
	}
	if err := r.counts(ctx, snapshot, origin); err != nil {
		return nil, err
	}
	c := call{said.RoomID, said.SlotID, SFURoom(said.RoomID, said.SlotID)}
	if !slices.ContainsFunc(r.members.room(c.roomID), func(m Member) bool { return m.SFURoom == c.sfuRoom }) {
		return r.reportOf(nil), nil // nobody here takes part, and nothing is kept
	}
	_, own, err := r.present(ctx, c)
	if err != nil {
		return nil, err
	}
	answer := r.reportOf(own)
	said.Showing = r.believed(snapshot, origin, said.Showing)
	if r.words.hear(c.sfuRoom, origin, said, answer.Showing, r.o.Now().UnixMilli()) {
		r.toEnforce(c.roomID)
	}
	return answer, nil
}

// countAgain has the others asked again whose word grows old, and forgets those of calls that are over.
func (r *RTC) countAgain() {
	roomOf := map[string]string{}
	for _, m := range r.members.room("") {
		roomOf[m.SFURoom] = m.RoomID
	}
	r.words.forget(func(sfuRoom string) bool { return roomOf[sfuRoom] == "" })
	for _, sfuRoom := range r.words.calls() {
		r.toEnforce(roomOf[sfuRoom])
	}
}
