package view

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWordsAreThoseThatTheViewerIsShownInPlace(t *testing.T) {
	v := New(Options{Renderer: &fakeRenderer{}})
	placed := &Rendering{Language: "es", Parts: []byte("oxígeno")}
	threaded := &Rendering{Language: "es", Parts: []byte("oxígeno"), Threaded: true}
	for _, c := range []struct {
		name   string
		viewer Viewer
		r      *Rendering
		want   string
	}{
		{"in place", Viewer{Language: "es", Mode: ModeInPlace}, threaded, "oxígeno"},
		{"the original first", Viewer{Language: "es", Mode: ModeOriginalFirst}, threaded, "oxígeno"},
		{"in a thread", Viewer{Language: "es", Mode: ModeThread}, threaded, ""},
		{"where there is no thread", Viewer{Language: "es", Mode: ModeThread}, placed, "oxígeno"},
		{"in another language", Viewer{Language: "de", Mode: ModeInPlace}, placed, ""},
		{"not at all", Viewer{Mode: ModeInPlace}, placed, ""},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, v.Words(c.viewer, c.r)) })
	}
}

func TestAnEntryOfTheStreamIsARendering(t *testing.T) {
	kept := &struct {
		Rendering
		more int
	}{Rendering: Rendering{EventNID: 7}}
	require.Same(t, &kept.Rendering, RenderingOf(kept))
	require.Same(t, &kept.Rendering, RenderingOf(&kept.Rendering))
	require.Nil(t, RenderingOf(nil))
	require.Nil(t, RenderingOf(&Notice{}))
}
