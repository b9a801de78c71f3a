package node

import (
	"context"
	"errors"

	"medixchange/conference/recording"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// buildRecording builds what records conferences. Without an SFU there is nothing to record, but what was recorded before is kept,
// deleted in time and looked after all the same.
func (n *Node) buildRecording(_ context.Context, o Options) error {
	c := n.Config.Conference.Recording
	if n.Conferences == nil {
		c.Enabled = false
	}
	bot := ""
	if n.bridge != nil {
		bot = n.botID()
	}
	options := recording.Options{
		Config: c, Folder: n.recordingsFolder(), ServerName: n.Config.ServerName, Address: n.Config.ClientURL(), Bot: bot,
		Program: n.mediaProgram, Abroad: n.abroad(), Calls: calls{n}, DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Audit: n.recordingsLog,
		Now: o.Now, Log: n.part("recording"), Registerer: n.registry,
	}
	if n.captions != nil {
		n.addCaptions(&options)
	}
	n.recording = recording.New(options)
	return nil
}

// recordingRoutes are what clients ask about recordings.
func (n *Node) recordingRoutes(rt *web.Router) { n.recording.AddClientRoutes(rt, n.login.Device) }

// calls are the conferences of this node as recordings need them.
type calls struct{ n *Node }

var errNoConferences = errors.New("this node has no conferences")

// Enter implements [recording.Calls].
func (c calls) Enter(ctx context.Context, call recording.Call, id string) (recording.Access, error) {
	if c.n.Conferences == nil {
		return recording.Access{}, errNoConferences
	}
	url, token, err := c.n.Conferences.Recorder(ctx, call.RoomID, call.SlotID, id)
	return recording.Access{Server: c.n.Config.ServerName, URL: url, Token: token}, err
}

// EnterAt implements [recording.Calls].
func (c calls) EnterAt(ctx context.Context, server string, call recording.Call, userID, id string) (recording.Access, error) {
	if c.n.Conferences == nil {
		return recording.Access{}, errNoConferences
	}
	url, token, err := c.n.Conferences.RecorderElsewhere(ctx, server, call.RoomID, call.SlotID, userID, id)
	return recording.Access{Server: server, URL: url, Token: token}, err
}

// Others implements [recording.Calls].
func (c calls) Others(ctx context.Context, call recording.Call) ([]string, error) {
	if c.n.Conferences == nil {
		return nil, nil
	}
	return c.n.Conferences.OtherServers(ctx, call.RoomID, call.SlotID), nil
}

// Slot implements [recording.Calls].
func (c calls) Slot(ctx context.Context, call recording.Call) (known, closed bool, err error) {
	if c.n.Conferences == nil {
		return false, false, errNoConferences
	}
	return c.n.Conferences.Slot(ctx, call.RoomID, call.SlotID)
}

// Who implements [recording.Calls].
func (c calls) Who(ctx context.Context, call recording.Call, server, identity string) (recording.Person, bool) {
	if c.n.Conferences == nil {
		return recording.Person{}, false
	}
	userID, deviceID, ok := c.n.Conferences.Who(ctx, call.RoomID, call.SlotID, server, identity)
	if !ok {
		return recording.Person{}, false
	}
	return recording.Person{UserID: userID, DeviceID: deviceID, Name: c.n.nameIn(ctx, call.RoomID, userID)}, true
}

// nameIn is how a member is called in a room, their id where they have no name.
func (n *Node) nameIn(ctx context.Context, roomID, userID string) string {
	ev, err := n.Rooms.StateEvent(ctx, roomID, "m.room.member", userID)
	if err != nil {
		if !errors.Is(err, rooms.ErrNotFound) {
			n.part("recording").WithError(err).Warn("the name of a member cannot be read")
		}
		return userID
	}
	if name := ev.Content().Get("displayname").Str; name != "" {
		return name
	}
	return userID
}
