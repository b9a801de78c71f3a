package accounts

import (
	"context"
	"sync"
)

// inbox is what is known of the messages that wait for a device; zero: none.
type inbox struct{ oldest, newest int64 }

const maxCachedInboxes = 20000

// inboxCache spares looking for messages at each sync. A read that began before a change is not kept.
type inboxCache struct {
	mu    sync.Mutex
	boxes map[[2]string]inbox
	epoch int64
}

func newInboxCache() *inboxCache { return &inboxCache{boxes: map[[2]string]inbox{}} }

func (a *Accounts) inbox(ctx context.Context, userID, deviceID string) (inbox, error) {
	key := [2]string{userID, deviceID}
	a.inboxes.mu.Lock()
	box, ok := a.inboxes.boxes[key]
	epoch := a.inboxes.epoch
	a.inboxes.mu.Unlock()
	if ok {
		return box, nil
	}
	box, err := a.readInbox(ctx, userID, deviceID)
	if err != nil {
		return box, err
	}
	a.inboxes.mu.Lock()
	defer a.inboxes.mu.Unlock()
	if a.inboxes.epoch == epoch {
		if len(a.inboxes.boxes) >= maxCachedInboxes {
			clear(a.inboxes.boxes)
		}
		a.inboxes.boxes[key] = box
	}
	return box, nil
}

func (c *inboxCache) arrived(userID, deviceID string, position int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	key := [2]string{userID, deviceID}
	box, ok := c.boxes[key]
	if !ok {
		return
	}
	if box.oldest == 0 {
		box.oldest = position
	}
	box.newest = max(box.newest, position)
	c.boxes[key] = box
}

func (c *inboxCache) forgetDevice(userID, deviceID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.boxes, [2]string{userID, deviceID})
}

// forget drops what is known of all devices of a user.
func (c *inboxCache) forget(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for key := range c.boxes {
		if key[0] == userID {
			delete(c.boxes, key)
		}
	}
}
