package accounts

import (
	"context"
	"maps"
	"slices"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// maxIntroduced bounds the devices of one user of which a server is told; it asks for the others.
const maxIntroduced = 50

// introduce tells the servers of a room of the devices of a local user who joined it, those that no other room told of them
// (Server-Server API, Device Management).
func (a *Accounts) introduce(ctx context.Context, userID, roomID string) error {
	servers, err := a.serversNewTo(ctx, userID, roomID)
	if err != nil || len(servers) == 0 {
		return err
	}
	devices, err := a.Devices(ctx, userID)
	if err != nil {
		return err
	}
	keys, err := a.OwnDeviceList(ctx, userID)
	if err != nil {
		return err
	}
	var updates []listUpdate
	for _, d := range devices[:min(len(devices), maxIntroduced)] {
		updates = append(updates, listUpdate{deviceID: d.DeviceID})
	}
	if present(keys.MasterKey) {
		updates = append(updates, listUpdate{})
	}
	if len(updates) == 0 {
		return nil
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return a.queueIntroduction(tx, userID, servers, updates) })
}

// queueIntroduction queues updates for servers without a change of the list: nobody here is told.
func (a *Accounts) queueIntroduction(tx *sqldb.Tx, userID string, servers []string, updates []listUpdate) error {
	prev, err := readListPosition(tx, userID)
	if err != nil {
		return err
	}
	var entries []stream.Entry
	for _, u := range updates {
		position := tx.NextPosition()
		row := listUpdateRow{position: position, userID: userID, update: u, prev: prev, servers: servers, created: a.nowMS()}
		if err := insertListUpdate(tx, row); err != nil {
			return err
		}
		entries = append(entries, stream.Entry{Position: position, Topic: rooms.UserTopic(userID), Kind: rooms.EntryDeviceList,
			Value: &DeviceListChange{UserID: userID, Position: position}, Size: 64 + len(userID)})
		prev = position
	}
	tx.OnCommit(func() { a.hub.Append(entries...) })
	return nil
}

// serversNewTo returns the other servers of a room that are in no other room of the user, sorted.
func (a *Accounts) serversNewTo(ctx context.Context, userID, roomID string) ([]string, error) {
	view, err := a.room(ctx, roomID)
	if err != nil || view == nil {
		return nil, err
	}
	unaware := map[string]bool{}
	for _, server := range view.Servers() {
		unaware[server] = server != a.o.ServerName && a.mayReach(server)
	}
	maps.DeleteFunc(unaware, func(_ string, is bool) bool { return !is })
	if len(unaware) == 0 {
		return nil, nil
	}
	joined, err := a.rooms.JoinedRooms(ctx, userID)
	if err != nil {
		return nil, err
	}
	for _, id := range joined {
		if len(unaware) == 0 {
			break
		}
		if id == roomID {
			continue
		}
		other, err := a.room(ctx, id)
		if err != nil {
			return nil, err
		}
		if other == nil {
			continue
		}
		for _, server := range other.Servers() {
			delete(unaware, server)
		}
	}
	return slices.Sorted(maps.Keys(unaware)), nil
}
