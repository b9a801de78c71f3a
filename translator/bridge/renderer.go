package bridge

import (
	"context"
	"time"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// Renderings implements view.Renderer.
func (b *Bridge) Renderings(ctx context.Context, language string, events []*rooms.Event, upto int64) (map[int64]*view.Rendering, error) {
	return nil, nil
}

// Wanted implements view.Renderer.
func (b *Bridge) Wanted(ev *rooms.Event, language string) bool { return false }

// HoldUntil implements view.Renderer.
func (b *Bridge) HoldUntil(ev *rooms.Event, language string, upto int64) time.Time { return time.Time{} }

// Request implements view.Renderer.
func (b *Bridge) Request(ctx context.Context, language string, events []*rooms.Event, budget time.Duration) error {
	return nil
}

// Changed implements view.Renderer.
func (b *Bridge) Changed(ctx context.Context, roomID, language string, since, upto int64) ([]*view.Rendering, error) {
	return nil, nil
}

// RealID implements view.Renderer.
func (b *Bridge) RealID(id string, userID string) (string, bool) { return id, false }

// SyntheticID implements view.Renderer.
func (b *Bridge) SyntheticID(r *view.Rendering, userID string) string { return r.EventID }
