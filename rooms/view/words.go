package view

import (
	"context"

	"medixchange/rooms"
)

// RenderingOf returns the rendering that an entry of the stream (rooms.EntryRendering) brings, which the translator may keep
// more with; nil for any other value.
func RenderingOf(value any) *Rendering {
	if r, ok := value.(interface{ rendering() *Rendering }); ok {
		return r.rendering()
	}
	return nil
}

func (r *Rendering) rendering() *Rendering { return r }

// Wants reports whether the viewer, as InRoom gives it, is to be shown an event in other words than its author's.
func (v *View) Wants(viewer Viewer, ev *rooms.Event) bool {
	return viewer.Language != "" && translatable(viewer, ev) && v.renderer.Wanted(ev, viewer.Language)
}

// Renderings returns, by nid, the renderings of events of one room that are in force for the viewer, as InRoom gives it, at
// stream position upto.
func (v *View) Renderings(ctx context.Context, viewer Viewer, events []*rooms.Event, upto int64) (map[int64]*Rendering, error) {
	if viewer.Language == "" || len(events) == 0 {
		return nil, nil
	}
	return v.renderer.Renderings(ctx, viewer.Language, events, upto)
}

// Words returns the words of a translation alone, as the viewer is shown it in the place of the original: with them keywords
// are compared, and not with what stands around them. "" where they are shown none.
func (v *View) Words(viewer Viewer, r *Rendering) string {
	if viewer.Language == "" || viewer.Mode == ModeThread && r.Threaded {
		return ""
	}
	return v.renderer.Words(viewer.Language, r)
}
