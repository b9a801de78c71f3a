package sfu

import "context"

// SendData sends a message to all participants of a room, reliably (LiveKit's RoomService.SendData). Topic says to them what it is.
func (s *SFU) SendData(ctx context.Context, room, topic string, payload []byte) error {
	return s.call(ctx, "SendData", video{Room: room, RoomAdmin: true}, map[string]any{
		"room": room, "data": payload, "kind": "RELIABLE", "topic": topic,
	}, nil)
}
