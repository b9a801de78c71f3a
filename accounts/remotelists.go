package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"medixchange/internal/sqldb"
)

const (
	resyncInterval = 10 * time.Second
	resyncBatch    = 50
	minResyncPause = 30 * time.Second
	maxResyncPause = time.Hour
	// maxRemoteDevices bounds what is kept of one user.
	maxRemoteDevices = 1000
)

// resyncer makes one fetch of many that want the same list.
type resyncer struct {
	mu      sync.Mutex
	running map[string]*resync
	kick    chan struct{}
}

type resync struct {
	done chan struct{}
	err  error
}

func newResyncer() *resyncer {
	return &resyncer{running: map[string]*resync{}, kick: make(chan struct{}, 1)}
}

// do runs fn for a user unless it runs already, and waits for its end or that of ctx. fn has its own context: those who
// wait share it.
func (r *resyncer) do(ctx context.Context, userID string, fn func(ctx context.Context) error) error {
	r.mu.Lock()
	current := r.running[userID]
	if current == nil {
		current = &resync{done: make(chan struct{})}
		r.running[userID] = current
		go func() {
			shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxKeyTimeout)
			defer cancel()
			current.err = fn(shared)
			r.mu.Lock()
			delete(r.running, userID)
			r.mu.Unlock()
			close(current.done)
		}()
	}
	r.mu.Unlock()
	select {
	case <-current.done:
		return current.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ensureFresh fetches a remote user's device list if it is not there or stale. After a failure it is not asked for again
// before its time; the error is then that of an unreachable server.
func (a *Accounts) ensureFresh(ctx context.Context, userID string) error {
	var list *remoteList
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		var err error
		list, err = readRemoteList(q, userID)
		return err
	})
	if err != nil || list != nil && !list.stale {
		return err
	}
	if list != nil && list.nextTry > a.nowMS() {
		return errors.New("the server did not answer lately")
	}
	return a.resyncs.do(ctx, userID, func(ctx context.Context) error { return a.fetchList(ctx, userID) })
}

// fetchList takes a user's whole device list from their server.
func (a *Accounts) fetchList(ctx context.Context, userID string) error {
	server := serverOf(userID)
	if !a.mayReach(server) {
		return ErrForbidden.says("This server is not talked to")
	}
	before := a.db.Position()
	list, err := a.o.Remote.UserDevices(ctx, server, userID)
	if err == nil {
		err = checkRemoteList(userID, list)
	}
	if err != nil {
		if failed := a.postpone(context.WithoutCancel(ctx), userID); failed != nil {
			return errors.Join(err, failed)
		}
		return fmt.Errorf("fetching the devices of %s: %w", userID, err)
	}
	to, err := a.audienceOf(ctx, userID)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error { return a.storeRemoteList(tx, list, to, before) })
	if err != nil {
		return fmt.Errorf("storing the devices of %s: %w", userID, err)
	}
	return nil
}

func checkRemoteList(userID string, list *RemoteDeviceList) error {
	if list.UserID != "" && list.UserID != userID {
		return ErrBadJSON.says("The server answered with the devices of another user")
	}
	if len(list.Devices) > maxRemoteDevices {
		return ErrTooLarge.says("The user has more than %d devices", maxRemoteDevices)
	}
	// A device without keys does not take part in encryption.
	list.Devices = slices.DeleteFunc(list.Devices, func(d RemoteDevice) bool { return !present(d.Keys) || d.DeviceID == "" })
	for i := range list.Devices {
		clean, err := remoteDeviceKeys(userID, list.Devices[i].DeviceID, list.Devices[i].Keys)
		if err != nil {
			return err
		}
		list.Devices[i].Keys = clean
		list.Devices[i].DisplayName = printable(truncate(list.Devices[i].DisplayName, maxDeviceName))
	}
	list.UserID = userID
	return nil
}

// remoteDeviceKeys checks that keys are of the device that they are given for.
func remoteDeviceKeys(userID, deviceID string, raw json.RawMessage) (json.RawMessage, error) {
	if !storable(deviceID) {
		return nil, ErrBadJSON.says("A device id of %s is not text", userID)
	}
	clean, err := ownDeviceKeys(userID, deviceID, raw)
	if err != nil {
		return nil, fmt.Errorf("device %s of %s: %w", deviceID, userID, err)
	}
	return clean, nil
}

// storeRemoteList replaces what is kept. An update that came while the list was under way leaves it stale.
func (a *Accounts) storeRemoteList(tx *sqldb.Tx, list *RemoteDeviceList, to audience, before int64) error {
	changed, err := readListPosition(tx, list.UserID)
	if err != nil {
		return err
	}
	if err := deleteRemoteDevices(tx, list.UserID); err != nil {
		return err
	}
	for _, d := range list.Devices {
		if err := upsertRemoteDevice(tx, list.UserID, d); err != nil {
			return err
		}
	}
	for usage, key := range map[string]json.RawMessage{usageMaster: list.MasterKey, usageSelfSigning: list.SelfSigningKey} {
		if err := storeRemoteCrossSigning(tx, list.UserID, usage, key, true); err != nil {
			return err
		}
	}
	if err := upsertRemoteList(tx, list.UserID, remoteList{streamID: list.StreamID, stale: changed > before}); err != nil {
		return err
	}
	if changed == 0 {
		return nil // fetched because someone asked: nobody has an older list
	}
	return a.deviceListChanged(tx, list.UserID, to, listUpdate{})
}

// storeRemoteCrossSigning stores a cross-signing key of a remote user, or removes it if whole lists say it is not there.
func storeRemoteCrossSigning(tx *sqldb.Tx, userID, usage string, key json.RawMessage, whole bool) error {
	if !present(key) {
		if whole {
			return deleteCrossSigningKey(tx, userID, usage)
		}
		return nil
	}
	clean, err := checkCrossSigningKey(userID, usage, key)
	if err != nil {
		return err
	}
	return upsertCrossSigningKey(tx, userID, usage, clean)
}

// postpone notes a failure and when to try again.
func (a *Accounts) postpone(ctx context.Context, userID string) error {
	return a.db.Write(ctx, func(tx *sqldb.Tx) error {
		list, err := readRemoteList(tx, userID)
		if err != nil {
			return err
		}
		if list == nil {
			list = &remoteList{}
		}
		pause := min(minResyncPause<<min(list.attempts, 10), maxResyncPause)
		list.stale, list.attempts, list.nextTry = true, list.attempts+1, a.nowMS()+pause.Milliseconds()
		return upsertRemoteList(tx, userID, *list)
	})
}

// deviceListUpdate is the content of an m.device_list_update.
type deviceListUpdate struct {
	UserID      string          `json:"user_id"`
	DeviceID    string          `json:"device_id"`
	DisplayName string          `json:"device_display_name"`
	StreamID    int64           `json:"stream_id"`
	PrevID      []int64         `json:"prev_id"`
	Deleted     bool            `json:"deleted"`
	Keys        json.RawMessage `json:"keys"`
}

// ReceiveDeviceListUpdate takes an m.device_list_update of origin. One that does not follow what is kept makes the list
// stale, and it is fetched anew. Users with whom no room is shared are passed over.
func (a *Accounts) ReceiveDeviceListUpdate(ctx context.Context, origin string, content json.RawMessage) error {
	var u deviceListUpdate
	if err := json.Unmarshal(content, &u); err != nil {
		return ErrBadJSON.says("Malformed device list update")
	}
	if serverOf(u.UserID) != origin || u.DeviceID == "" || len(u.DeviceID) > maxDeviceID || !storable(u.DeviceID, u.UserID) {
		return ErrForbidden.says("A server speaks for its own users only")
	}
	if !u.Deleted && present(u.Keys) {
		clean, err := remoteDeviceKeys(u.UserID, u.DeviceID, u.Keys)
		if err != nil {
			return err
		}
		u.Keys = clean
	}
	to, err := a.audienceOf(ctx, u.UserID)
	if err != nil || len(to.rooms) == 0 {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		if u.Deleted {
			tx.OnCommit(func() { a.departures.tell(u.UserID, []string{u.DeviceID}) })
		}
		return a.applyListUpdate(tx, u, to)
	})
	if err != nil {
		return fmt.Errorf("taking a device list update: %w", err)
	}
	return nil
}

func (a *Accounts) applyListUpdate(tx *sqldb.Tx, u deviceListUpdate, to audience) error {
	list, err := readRemoteList(tx, u.UserID)
	if err != nil {
		return err
	}
	if list == nil && !u.Deleted && !present(u.Keys) {
		return nil // there is nothing to look at in a device without keys
	}
	if list == nil {
		return a.deviceListChanged(tx, u.UserID, to, listUpdate{}) // nothing is kept that could be stale
	}
	if !list.stale && u.StreamID <= list.streamID {
		return nil // came twice
	}
	if list.stale || !follows(u.PrevID, list.streamID) {
		list.stale, list.attempts, list.nextTry = true, 0, 0
		tx.OnCommit(a.kickResync)
	} else {
		list.streamID = u.StreamID
		if err := applyRemoteDevice(tx, u); err != nil {
			return err
		}
	}
	if err := upsertRemoteList(tx, u.UserID, *list); err != nil {
		return err
	}
	return a.deviceListChanged(tx, u.UserID, to, listUpdate{})
}

// follows reports whether an update with these predecessors comes right after what is known.
func follows(prev []int64, known int64) bool {
	if len(prev) == 0 {
		return known == 0
	}
	for _, id := range prev {
		if id > known {
			return false
		}
	}
	return true
}

func applyRemoteDevice(tx *sqldb.Tx, u deviceListUpdate) error {
	if u.Deleted || !present(u.Keys) {
		return deleteRemoteDevice(tx, u.UserID, u.DeviceID)
	}
	others, err := countOtherDevices(tx, u.UserID, u.DeviceID)
	if err != nil {
		return err
	}
	if others >= maxRemoteDevices {
		return ErrTooLarge.says("The user has more than %d devices", maxRemoteDevices)
	}
	return upsertRemoteDevice(tx, u.UserID, RemoteDevice{DeviceID: u.DeviceID, Keys: u.Keys, DisplayName: printable(truncate(u.DisplayName, maxDeviceName))})
}

// ReceiveSigningKeyUpdate takes an m.signing_key_update of origin.
func (a *Accounts) ReceiveSigningKeyUpdate(ctx context.Context, origin string, content json.RawMessage) error {
	var u struct {
		UserID         string          `json:"user_id"`
		MasterKey      json.RawMessage `json:"master_key"`
		SelfSigningKey json.RawMessage `json:"self_signing_key"`
	}
	if err := json.Unmarshal(content, &u); err != nil {
		return ErrBadJSON.says("Malformed signing key update")
	}
	if serverOf(u.UserID) != origin {
		return ErrForbidden.says("A server speaks for its own users only")
	}
	to, err := a.audienceOf(ctx, u.UserID)
	if err != nil || len(to.rooms) == 0 {
		return err
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error {
		for usage, key := range map[string]json.RawMessage{usageMaster: u.MasterKey, usageSelfSigning: u.SelfSigningKey} {
			if err := storeRemoteCrossSigning(tx, u.UserID, usage, key, false); err != nil {
				return fmt.Errorf("taking a signing key update: %w", err)
			}
		}
		return a.deviceListChanged(tx, u.UserID, to, listUpdate{})
	})
}
