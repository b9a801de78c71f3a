package sync

import (
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"medixchange/accounts"
)

// Bounds of what is remembered for devices.
const (
	maxDevices     = 5000
	maxSentMembers = 5000 // of one device; then it is told of members again
)

// devices remembers for each device which member events it has. All of it may be forgotten at any time: members are then
// sent once more, which the specification allows.
type devices struct {
	mu    sync.Mutex
	known *lru.Cache[string, *device]
}

func newDevices() *devices {
	known, err := lru.New[string, *device](maxDevices)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &devices{known: known}
}

func (s *devices) of(d *accounts.Device) *device {
	key := d.UserID + "\x00" + d.DeviceID
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.known.Get(key); ok {
		return known
	}
	made := &device{}
	s.known.Add(key, made)
	return made
}

// device is what one device has got. A member event counts as sent only when the token of the answer that held it came
// back: an answer that was lost on the way must not make the members in it redundant.
type device struct {
	mu           sync.Mutex
	token        string  // the newest token that came back
	sent         []int64 // nids of member events, sorted
	offered      string  // the token of the newest answer
	offering     []int64 // the member events in it
	acknowledged int64   // to-device position
}

// received takes the token of a request. Any but the two newest forgets what was sent: the client has gone back.
func (d *device) received(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch token {
	case d.token:
	case d.offered:
		d.believe()
	default:
		d.sent = nil
	}
	d.token, d.offered, d.offering = token, "", nil
}

// forget is for a device that begins anew.
func (d *device) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token, d.sent, d.offered, d.offering = "", nil, "", nil
}

func (d *device) believe() {
	if len(d.offering) == 0 {
		return
	}
	if len(d.sent)+len(d.offering) > maxSentMembers {
		d.sent = nil
	}
	d.sent = append(slices.Clip(d.sent), d.offering...)
	slices.Sort(d.sent)
	d.sent = slices.Compact(d.sent)
}

// offer notes that an answer with the given token holds these member events.
func (d *device) offer(token string, members []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offered, d.offering = token, members
}

// has reports whether the device is known to have a member event.
func (d *device) has(nid int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := slices.BinarySearch(d.sent, nid)
	return ok
}

// acknowledge reports whether messages up to the position are to be deleted, which was not asked before.
func (d *device) acknowledge(position int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if position <= d.acknowledged {
		return false
	}
	d.acknowledged = position
	return true
}
