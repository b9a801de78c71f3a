package view

import (
	"context"
	"encoding/json"
	"time"

	"medixchange/rooms"
)

// Plain is the Renderer that renders nothing: everybody reads originals.
var Plain Renderer = plainRenderer{}

type plainRenderer struct{}

func (plainRenderer) Renderings(context.Context, string, []*rooms.Event, int64) (map[int64]*Rendering, error) {
	return nil, nil
}
func (plainRenderer) Wanted(*rooms.Event, string) bool                     { return false }
func (plainRenderer) HoldUntil(*rooms.Event, string, int64) time.Time      { return time.Time{} }
func (plainRenderer) Away() bool                                           { return false }
func (plainRenderer) Follow(context.Context, string, []*rooms.Event) error { return nil }
func (plainRenderer) Request(context.Context, string, []*rooms.Event, time.Duration) error {
	return nil
}
func (plainRenderer) Changed(context.Context, string, string, int64, int64, int64) ([]*Rendering, error) {
	return nil, nil
}
func (plainRenderer) ChangedAt(context.Context, string, string, []int64) ([]*Rendering, error) {
	return nil, nil
}
func (plainRenderer) OwnTopic(_ context.Context, _ string, _ *rooms.Event, content json.RawMessage) (json.RawMessage, error) {
	return content, nil
}
func (plainRenderer) Speaker() string                               { return "" }
func (plainRenderer) Threads(context.Context, string) (bool, error) { return false, nil }
func (plainRenderer) InMode(_ context.Context, r *Rendering, _ string) (content, late json.RawMessage, err error) {
	return r.Content, r.LateContent, nil
}
func (plainRenderer) Notices(context.Context, string, int64, int64) ([]*Notice, error) {
	return nil, nil
}
func (plainRenderer) NoticesOfAll(context.Context, int64, int64, int) ([]*Notice, error) {
	return nil, nil
}
func (plainRenderer) Beside(context.Context, string, []*rooms.Event, int64) (map[int64]*Notice, error) {
	return nil, nil
}
func (plainRenderer) NoticeID(*Notice) string                              { return "" }
func (plainRenderer) NoticePlace(string, string) int64                     { return 0 }
func (plainRenderer) Place(context.Context, string, string) (int64, error) { return 0, nil }
func (plainRenderer) RealID(_ context.Context, id, _ string) (string, bool, error) {
	return id, false, nil
}
func (plainRenderer) Words(string, *Rendering) string           { return "" }
func (plainRenderer) SyntheticID(r *Rendering, _ string) string { return r.EventID }
