package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"sync"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// audience are those who are told of a change of a user's devices.
type audience struct {
	rooms   []string
	servers []string // other servers, sorted
}

// audienceOf reads it before a write, since a write must not wait for rooms.
func (a *Accounts) audienceOf(ctx context.Context, userID string) (audience, error) {
	ids, err := a.rooms.JoinedRooms(ctx, userID)
	if err != nil {
		return audience{}, fmt.Errorf("reading who shares a room: %w", err)
	}
	to := audience{rooms: ids, servers: []string{}}
	if !a.IsLocal(userID) {
		return to, nil // their own server tells others
	}
	servers := map[string]struct{}{}
	for _, id := range ids {
		view, err := a.room(ctx, id)
		if err != nil {
			return audience{}, err
		}
		if view == nil {
			continue
		}
		for _, server := range view.Servers() {
			servers[server] = struct{}{}
		}
	}
	delete(servers, a.o.ServerName)
	for server := range servers {
		to.servers = append(to.servers, server)
	}
	slices.Sort(to.servers)
	return to, nil
}

// listUpdate is one change of a user's device list.
type listUpdate struct {
	deviceID string // "": the cross-signing keys
	deleted  bool
}

// deviceListChanged gives each update a position, queues it for other servers and publishes the change.
func (a *Accounts) deviceListChanged(tx *sqldb.Tx, userID string, to audience, updates ...listUpdate) error {
	if len(updates) == 0 {
		return nil
	}
	prev, err := readListPosition(tx, userID)
	if err != nil {
		return err
	}
	var positions []int64
	for _, u := range updates {
		position := tx.NextPosition()
		positions = append(positions, position)
		if len(to.servers) > 0 {
			row := listUpdateRow{position: position, userID: userID, update: u, prev: prev, servers: to.servers, created: a.nowMS()}
			if err := insertListUpdate(tx, row); err != nil {
				return err
			}
		}
		prev = position
	}
	if err := upsertListChange(tx, userID, "", prev); err != nil {
		return err
	}
	tx.OnCommit(func() { a.publishListChange(userID, to.rooms, positions) })
	return nil
}

func (a *Accounts) publishListChange(userID string, roomIDs []string, positions []int64) {
	last := positions[len(positions)-1]
	a.lists.add(last, userID, "")
	change := &DeviceListChange{UserID: userID, Position: last}
	entries := make([]stream.Entry, 0, len(positions)+len(roomIDs))
	entry := func(position int64, topic stream.Topic) stream.Entry {
		return stream.Entry{Position: position, Topic: topic, Kind: rooms.EntryDeviceList, Value: change, Size: 64 + len(userID)}
	}
	for _, position := range positions {
		entries = append(entries, entry(position, rooms.UserTopic(userID)))
	}
	for _, id := range roomIDs {
		entries = append(entries, entry(last, rooms.RoomTopic(id)))
	}
	a.hub.Append(entries...)
}

// signatureChanged tells viewer alone that they signed a key of userID.
func (a *Accounts) signatureChanged(tx *sqldb.Tx, userID, viewer string) error {
	position := tx.NextPosition()
	if err := upsertListChange(tx, userID, viewer, position); err != nil {
		return err
	}
	tx.OnCommit(func() {
		a.lists.add(position, userID, viewer)
		a.hub.Append(stream.Entry{Position: position, Topic: rooms.UserTopic(viewer), Kind: rooms.EntryDeviceList,
			Value: &DeviceListChange{UserID: userID, Viewer: viewer, Position: position}, Size: 96 + len(userID)})
	})
	return nil
}

// maxListLog bounds the changes kept in memory; older ones are read from the database.
const maxListLog = 8192

// listLog are the newest changes of device lists, ascending.
type listLog struct {
	mu      sync.RWMutex
	changes []listChange
	floor   int64 // every change after it is here
}

type listChange struct {
	position       int64
	userID, viewer string
}

func newListLog() *listLog { return &listLog{} }

// loadListLog says from where on the log will know.
func (a *Accounts) loadListLog(context.Context) error {
	a.lists.floor = a.db.Position()
	return nil
}

func (l *listLog) add(position int64, userID, viewer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.changes) >= maxListLog {
		half := len(l.changes) / 2
		l.floor = l.changes[half-1].position
		l.changes = slices.Clone(l.changes[half:])
	}
	l.changes = append(l.changes, listChange{position, userID, viewer})
}

// since returns the changes in (since, upto]; ok is false if some may be missing.
func (l *listLog) since(since, upto int64) (changes []listChange, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if since < l.floor {
		return nil, false
	}
	from := sort.Search(len(l.changes), func(i int) bool { return l.changes[i].position > since })
	end := from
	for end < len(l.changes) && l.changes[end].position <= upto {
		end++
	}
	return l.changes[from:end:end], true
}

// KeyChanges returns what /sync and /keys/changes say of device lists for (since, upto]: users whose keys have to be
// looked at, since they changed or came to share a room with userID, and users who share no room with them any more.
// It follows the changes of membership, so that one who joined and left between two tokens is not lost.
func (a *Accounts) KeyChanges(ctx context.Context, userID string, since, upto int64) (changed, left []string, err error) {
	updates, ok := a.lists.since(since, upto)
	if !ok {
		if updates, err = a.readListChanges(ctx, since, upto); err != nil {
			return nil, nil, err
		}
	}
	deltas, err := a.rooms.MembershipDeltas(ctx, since, upto)
	if err != nil {
		return nil, nil, fmt.Errorf("reading changes of membership: %w", err)
	}
	if len(updates) == 0 && len(deltas) == 0 {
		return nil, nil, nil
	}
	c := &changesFor{a: a, userID: userID, candidates: map[string]bool{}, moving: map[string]bool{}}
	if err := c.collect(ctx, updates, deltas); err != nil {
		return nil, nil, err
	}
	changed, left = c.divide()
	return changed, left, nil
}

// changesFor collects the users of whom one user has to be told.
type changesFor struct {
	a      *Accounts
	userID string
	own    map[string]roomView // rooms that the user is joined to now
	// candidates: true where the user is to look anew if a room is shared, false where only leaving matters.
	candidates map[string]bool
	moving     map[string]bool // candidates because of a change of membership
	always     []string
}

func (c *changesFor) collect(ctx context.Context, updates []listChange, deltas []rooms.MembershipDelta) error {
	memberships, err := c.a.rooms.UserRooms(ctx, c.userID)
	if err != nil {
		return fmt.Errorf("reading the rooms of %s: %w", c.userID, err)
	}
	c.own = make(map[string]roomView, len(memberships))
	for _, m := range memberships {
		if m.Membership != "join" {
			continue
		}
		if c.own[m.RoomID], err = c.a.room(ctx, m.RoomID); err != nil {
			return err
		}
	}
	c.updated(updates)
	return c.moved(ctx, deltas)
}

func (c *changesFor) updated(updates []listChange) {
	for _, u := range updates {
		switch {
		case u.viewer != "" && u.viewer != c.userID:
		case u.viewer != "" || u.userID == c.userID:
			if !slices.Contains(c.always, u.userID) {
				c.always = append(c.always, u.userID)
			}
		default:
			c.note(u.userID, true)
		}
	}
}

// note keeps a candidate; one that is to be looked at stays so.
func (c *changesFor) note(userID string, look bool) {
	if userID != c.userID {
		c.candidates[userID] = look || c.candidates[userID]
	}
}

func (c *changesFor) moved(ctx context.Context, deltas []rooms.MembershipDelta) error {
	involved := map[string]bool{} // rooms that the user joined or left meanwhile: whether joined
	for _, d := range deltas {
		if d.UserID == c.userID && (d.From == "join") != (d.To == "join") {
			involved[d.RoomID] = involved[d.RoomID] || d.To == "join"
		}
	}
	for id, joined := range involved {
		view, err := c.a.room(ctx, id)
		if err != nil {
			return err
		}
		if view == nil {
			continue
		}
		if joined && !slices.Contains(c.always, c.userID) {
			c.always = append(c.always, c.userID) // the user's other devices are new to them in this room, too
		}
		view.EachMember(func(userID, membership string, _ int64) bool {
			if membership == "join" {
				c.note(userID, joined)
				c.moving[userID] = true
			}
			return true
		})
	}
	for _, d := range deltas {
		if (d.From == "join") == (d.To == "join") {
			continue
		}
		_, mine := c.own[d.RoomID]
		if _, was := involved[d.RoomID]; mine || was {
			c.note(d.UserID, d.To == "join")
			c.moving[d.UserID] = true
		}
	}
	return nil
}

// divide says who of the candidates shares a room now.
func (c *changesFor) divide() (changed, left []string) {
	changed = c.always
	for userID, look := range c.candidates {
		shared := c.shares(userID)
		if shared && look && !slices.Contains(c.always, userID) {
			changed = append(changed, userID)
		}
		if !shared && c.moving[userID] {
			left = append(left, userID)
		}
	}
	slices.Sort(changed)
	slices.Sort(left)
	return changed, left
}

func (c *changesFor) shares(userID string) bool {
	for _, view := range c.own {
		if view != nil && view.Membership(userID) == "join" {
			return true
		}
	}
	return false
}

// OwnDeviceList returns a local user's devices as other servers ask for them (/user/devices); ErrNotFound.
func (a *Accounts) OwnDeviceList(ctx context.Context, userID string) (*RemoteDeviceList, error) {
	if _, err := a.User(ctx, userID); err != nil {
		return nil, err
	}
	list := &RemoteDeviceList{UserID: userID, Devices: []RemoteDevice{}}
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		var err error
		if list.StreamID, err = readListPosition(q, userID); err != nil {
			return err
		}
		keys, err := readLocalKeys(q, []string{userID}, "")
		if err != nil {
			return err
		}
		u := keys[userID]
		if u == nil {
			return nil
		}
		list.MasterKey, list.SelfSigningKey = u.master, u.selfSigning
		for _, id := range u.deviceIDs() {
			list.Devices = append(list.Devices, RemoteDevice{DeviceID: id, Keys: u.devices[id].keys, DisplayName: u.devices[id].name})
		}
		return nil
	})
	return list, err
}

// OutgoingDeviceListUpdates returns the updates that other servers have to be told of, with since < position ≤ upto,
// ascending, at most limit. An update says what holds now, also if the device changed again since.
func (a *Accounts) OutgoingDeviceListUpdates(ctx context.Context, since, upto int64, limit int) ([]*DeviceListUpdate, error) {
	var out []*DeviceListUpdate
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		rows, err := readListUpdates(q, since, upto, limit)
		if err != nil || len(rows) == 0 {
			return err
		}
		var users []string
		for _, r := range rows {
			users = append(users, r.userID)
		}
		slices.Sort(users)
		users = slices.Compact(users)
		keys, err := readLocalKeys(q, users, "")
		if err != nil {
			return err
		}
		names, err := readDeviceNames(q, users)
		if err != nil {
			return err
		}
		for _, r := range rows {
			update, err := r.edu(keys[r.userID], names[r.userID])
			if err != nil {
				return err
			}
			out = append(out, update)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading device list updates: %w", err)
	}
	return out, nil
}

// edu writes the m.device_list_update or m.signing_key_update; keys is nil if the user has none. names are those of the
// user's devices, also of those without keys.
func (r *listUpdateRow) edu(keys *userKeys, names map[string]string) (*DeviceListUpdate, error) {
	out := &DeviceListUpdate{Position: r.position, UserID: r.userID, Servers: r.servers, EDUType: "m.device_list_update"}
	content := map[string]any{"user_id": r.userID}
	if r.update.deviceID == "" {
		out.EDUType = "m.signing_key_update"
		if keys != nil && keys.master != nil {
			content["master_key"] = keys.master
		}
		if keys != nil && keys.selfSigning != nil {
			content["self_signing_key"] = keys.selfSigning
		}
	} else {
		content["device_id"], content["stream_id"], content["prev_id"] = r.update.deviceID, r.position, []int64{}
		if r.prev > 0 {
			content["prev_id"] = []int64{r.prev}
		}
		name, there := names[r.update.deviceID]
		switch {
		case r.update.deleted || !there:
			content["deleted"] = true
		case name != "":
			content["device_display_name"] = name
		}
		if device, has := keys.device(r.update.deviceID); has && content["deleted"] == nil {
			content["keys"] = device.keys
		}
	}
	var err error
	out.Content, err = json.Marshal(content)
	return out, err
}
