package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheDeviceKnowsWhichRedactionsTakeEffect: it takes answers back by those alone.
func TestTheDeviceKnowsWhichRedactionsTakeEffect(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, "give 5 mg")
	redacts := func(roomID string) bool {
		effective, err := w.bridge.People().Redacts(t.Context(), roomID, "@mallory:evil.example", id)
		require.NoError(t, err)
		return effective
	}
	require.False(t, redacts(room))
	w.redact(room, alice, id)
	require.True(t, redacts(room))
	require.False(t, redacts("!another:room"))
}
