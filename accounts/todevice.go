package accounts

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

const (
	// maxInbox bounds the messages of one server's users that wait for one device; beyond it that server's oldest go, and
	// nobody else's.
	maxInbox = 10000
	// maxOutbound bounds the messages that wait for one server; beyond it the oldest go. A server that is away for so many
	// gets the later ones, from which its devices can ask for keys again.
	maxOutbound = 50000
	// trimEvery says how often, in positions, what waits for a device or a server is trimmed.
	trimEvery = 64
	// maxDelivery bounds the copies that one request makes of its messages, in bytes: "*" makes many of one.
	maxDelivery = 64 << 20
	// maxMessages bounds the devices addressed by one request, and maxEDU the size of one message to another server.
	maxMessages = 20000
	maxEDU      = 256 << 10
	// ToDeviceLimit is how many messages one answer holds at most.
	ToDeviceLimit = 100
)

// EntryOutboundDevice is the kind of the stream entry of an [OutboundDeviceMessage]; its topic is ServerTopic.
const EntryOutboundDevice = stream.Aside + 64

// topicServer is the kind of ServerTopic.
const topicServer uint8 = 16

// ServerTopic is woken by what has to go to another server besides events.
func ServerTopic(server string) stream.Topic { return stream.Topic{Kind: topicServer, ID: server} }

// SendToDevice delivers messages to devices, also of other servers, whose copies are stored for the federation sender.
// The same transaction id again does nothing. Devices that do not exist are passed over; "*" is every device of a user.
func (a *Accounts) SendToDevice(ctx context.Context, r ToDeviceRequest) error {
	if !storable(r.TxnID, r.Type) {
		return ErrInvalidParam.says("The type or transaction id is not text")
	}
	local, remote, err := a.splitMessages(r.Messages)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		fresh, err := insertTransaction(tx, r.Sender, r.DeviceID+"\n"+r.Type, r.TxnID, a.nowMS())
		if err != nil || !fresh {
			return err
		}
		if err := a.deliver(tx, &delivery{sender: r.Sender, typ: r.Type}, local); err != nil {
			return err
		}
		for _, server := range slices.Sorted(maps.Keys(remote)) {
			if err := a.queueOutbound(tx, server, r.Sender, r.Type, remote[server]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sending to devices: %w", err)
	}
	return nil
}

type messages = map[string]map[string]json.RawMessage

func (a *Accounts) splitMessages(all messages) (local messages, remote map[string]messages, err error) {
	local, remote = messages{}, map[string]messages{}
	total := 0
	for userID, devices := range all {
		total += len(devices)
		server := serverOf(userID)
		switch {
		case server == "" || !storable(userID):
			return nil, nil, ErrInvalidParam.says("%q is not a user id", userID)
		case a.IsLocal(userID):
			local[userID] = devices
		default:
			if remote[server] == nil {
				remote[server] = messages{}
			}
			remote[server][userID] = devices
		}
	}
	if total > maxMessages {
		return nil, nil, ErrTooLarge.says("At most %d devices at a time", maxMessages)
	}
	return local, remote, nil
}

// delivery is what messages to devices have in common.
type delivery struct {
	origin string // the sender's server; "" for this one
	sender string
	typ    string

	written int // bytes
}

// deliver stores messages for local devices.
func (a *Accounts) deliver(tx *sqldb.Tx, d *delivery, all messages) error {
	for _, userID := range slices.Sorted(maps.Keys(all)) {
		devices, err := existingDevices(tx, userID, wantedDevices(all[userID]))
		if err != nil {
			return err
		}
		if err := a.deliverTo(tx, userID, devices, d, all[userID]); err != nil {
			return err
		}
	}
	return nil
}

// deliverTo stores messages for devices of one user. What is for all of them is encoded once: the writer waits meanwhile.
func (a *Accounts) deliverTo(tx *sqldb.Tx, userID string, devices []string, d *delivery, contents map[string]json.RawMessage) (err error) {
	var everyone []byte
	for _, deviceID := range devices {
		message := everyone
		if content, ok := contents[deviceID]; ok {
			message, err = d.message(content)
		} else if everyone == nil {
			everyone, err = d.message(contents["*"])
			message = everyone
		}
		if err != nil {
			return err
		}
		if err := a.deliverOne(tx, userID, deviceID, d, message); err != nil {
			return err
		}
	}
	return nil
}

// wantedDevices returns the devices to look for; nil for all of them.
func wantedDevices(devices map[string]json.RawMessage) []string {
	if _, all := devices["*"]; all {
		return nil
	}
	return slices.Collect(maps.Keys(devices))
}

// message is what a device is given.
func (d *delivery) message(content json.RawMessage) ([]byte, error) {
	message, err := json.Marshal(map[string]any{"sender": d.sender, "type": d.typ, "content": content})
	if err != nil {
		return nil, ErrBadJSON.says("A message is not JSON")
	}
	return message, nil
}

func (a *Accounts) deliverOne(tx *sqldb.Tx, userID, deviceID string, d *delivery, message []byte) error {
	if d.written += len(message); d.written > maxDelivery {
		return ErrTooLarge.says("The copies of one request hold more than %d bytes", maxDelivery)
	}
	if d.origin != "" {
		if err := a.allowances.spend(tx, d.origin, len(message)); err != nil {
			return err
		}
	}
	position := tx.NextPosition()
	if err := insertToDevice(tx, userID, deviceID, position, d.origin, string(message)); err != nil {
		return err
	}
	if position%trimEvery == 0 {
		if err := trimInbox(tx, userID, deviceID, d.origin); err != nil {
			return err
		}
	}
	tx.OnCommit(func() {
		a.inboxes.arrived(userID, deviceID, position)
		a.hub.Append(stream.Entry{Position: position, Topic: rooms.UserTopic(userID), Kind: rooms.EntryToDevice,
			Value: &ToDeviceArrival{userID, deviceID, position}, Size: 64 + len(userID) + len(deviceID)})
	})
	return nil
}

// queueOutbound stores messages for a server's devices, in pieces of a bounded size.
func (a *Accounts) queueOutbound(tx *sqldb.Tx, server, sender, typ string, all messages) error {
	piece, size := messages{}, 0
	flush := func() error {
		if size == 0 {
			return nil
		}
		err := a.queueOne(tx, server, sender, typ, piece)
		piece, size = messages{}, 0
		return err
	}
	for _, userID := range slices.Sorted(maps.Keys(all)) {
		for _, deviceID := range slices.Sorted(maps.Keys(all[userID])) {
			content := all[userID][deviceID]
			if size > 0 && size+len(content) > maxEDU {
				if err := flush(); err != nil {
					return err
				}
			}
			if piece[userID] == nil {
				piece[userID] = map[string]json.RawMessage{}
			}
			piece[userID][deviceID] = content
			size += len(content) + len(userID) + len(deviceID)
		}
	}
	return flush()
}

func (a *Accounts) queueOne(tx *sqldb.Tx, server, sender, typ string, piece messages) error {
	m := &OutboundDeviceMessage{Destination: server, Position: tx.NextPosition(), MessageID: rand.Text()}
	var err error
	m.Content, err = json.Marshal(map[string]any{"sender": sender, "type": typ, "message_id": m.MessageID, "messages": piece})
	if err != nil {
		return ErrBadJSON.says("A message is not JSON")
	}
	if err := insertOutbound(tx, m); err != nil {
		return err
	}
	if m.Position%trimEvery == 0 {
		if err := trimOutbound(tx, server, maxOutbound); err != nil {
			return err
		}
	}
	tx.OnCommit(func() {
		a.hub.Append(stream.Entry{Position: m.Position, Topic: ServerTopic(server), Kind: EntryOutboundDevice, Value: m,
			Size: 128 + len(m.Content)})
	})
	return nil
}

// ReceiveDirectToDevice takes an m.direct_to_device of origin. A message id that origin has used does nothing. ErrFull:
// too much of origin waits for devices here; the message is to be sent again later.
func (a *Accounts) ReceiveDirectToDevice(ctx context.Context, origin string, content json.RawMessage) error {
	var m struct {
		Sender    string   `json:"sender"`
		Type      string   `json:"type"`
		MessageID string   `json:"message_id"`
		Messages  messages `json:"messages"`
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return ErrBadJSON.says("Malformed to-device message")
	}
	if serverOf(m.Sender) != origin {
		return ErrForbidden.says("A server speaks for its own users only")
	}
	if m.MessageID == "" || utf8.RuneCountInString(m.MessageID) > 255 || m.Type == "" || len(m.Type) > 255 || !storable(m.MessageID, m.Type) {
		return ErrBadJSON.says("Malformed to-device message")
	}
	local, _, err := a.splitMessages(m.Messages)
	if err != nil || len(local) == 0 {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		fresh, err := insertTransaction(tx, origin, "", m.MessageID, a.nowMS())
		if err != nil || !fresh {
			return err
		}
		return a.deliver(tx, &delivery{origin: origin, sender: m.Sender, typ: m.Type}, local)
	})
	if err != nil {
		return fmt.Errorf("taking a to-device message: %w", err)
	}
	return nil
}

// ToDevice returns the messages of a device with after < position ≤ upto, oldest first, at most limit (ToDeviceLimit for
// 0). last is the position of the last one, or upto when all were returned: where the next token goes on. more says that
// there are more than were returned.
func (a *Accounts) ToDevice(ctx context.Context, userID, deviceID string, after, upto int64, limit int) (found []json.RawMessage, last int64, more bool, err error) {
	if limit <= 0 || limit > ToDeviceLimit {
		limit = ToDeviceLimit
	}
	box, err := a.inbox(ctx, userID, deviceID)
	if err != nil {
		return nil, after, false, err
	}
	if box.newest <= after {
		return nil, max(after, upto), false, nil
	}
	rows, err := a.readToDevice(ctx, userID, deviceID, after, upto, limit+1)
	if err != nil {
		return nil, after, false, err
	}
	if len(rows) > limit {
		rows, more = rows[:limit], true
	}
	for _, r := range rows {
		found = append(found, r.message)
	}
	if more {
		return found, rows[limit-1].position, true, nil
	}
	return found, max(after, upto), false, nil
}

// AckToDevice deletes the messages of a device up to a position: the client has shown, by its token, that it has them.
func (a *Accounts) AckToDevice(ctx context.Context, userID, deviceID string, upto int64) error {
	box, err := a.inbox(ctx, userID, deviceID)
	if err != nil {
		return err
	}
	if box.oldest == 0 || box.oldest > upto {
		return nil
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		tx.OnCommit(func() { a.inboxes.forgetDevice(userID, deviceID) })
		return deleteToDevice(tx, userID, deviceID, upto)
	})
	if err != nil {
		return fmt.Errorf("deleting messages that a device has: %w", err)
	}
	return nil
}

// OutboundDeviceMessages returns what waits for a destination after a position, oldest first.
func (a *Accounts) OutboundDeviceMessages(ctx context.Context, destination string, after int64, limit int) ([]*OutboundDeviceMessage, error) {
	return a.readOutbound(ctx, destination, after, limit)
}

// AckOutboundDeviceMessages deletes what a destination has acknowledged.
func (a *Accounts) AckOutboundDeviceMessages(ctx context.Context, destination string, upto int64) error {
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return deleteOutbound(tx, destination, upto) })
}

// OutboundDeviceDestinations returns for each destination for which something waits the position of the last of it.
func (a *Accounts) OutboundDeviceDestinations(ctx context.Context) (map[string]int64, error) {
	return a.readOutboundDestinations(ctx)
}
