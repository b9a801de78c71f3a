package rooms

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The resident lets us in and its members talk at once: their events come while this node still reads the room's state.
func TestAnEventThatComesDuringTheJoinIsNotLost(t *testing.T) {
	for _, version := range testVersions {
		t.Run(version, func(t *testing.T) {
			w := newNetwork(t)
			n, s := w.add(north), w.add(south)
			roomID := n.publicRoom(version)
			var said *Event
			received := make(chan error, 1)
			w.setAlter(func(request, _ string, pdus [][]byte) [][]byte {
				if request != "send_join" {
					return pdus
				}
				said = n.say(roomID, n.user("creator"), "welcome")
				go func() {
					results, err := s.Receive(t.Context(), north, []json.RawMessage{said.JSON})
					if err == nil && len(results) == 1 {
						err = results[0].Err
					}
					received <- err
				}()
				select { // a node that does not wait for the join has answered by then
				case err := <-received:
					received <- err
				case <-time.After(50 * time.Millisecond):
				}
				return pdus
			})
			s.join(roomID, s.user("doctor"), north)
			require.NoError(t, <-received)
			ev, err := s.Event(t.Context(), said.ID)
			require.NoError(t, err)
			require.Equal(t, Accepted, ev.Outcome)
			require.NotZero(t, ev.Position)
		})
	}
}
