package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMembersAreToldOfClosedRoomsInTheirLanguageAndOnlyWhatIsSo(t *testing.T) {
	standing := map[string]Standing{"out.example": StandsOut, "in.example": StandsIn}
	w := newWorld(t, func(w *world) {
		w.change = func(o *Options) { o.Standing = func(server string) Standing { return standing[server] } }
	})
	room := w.ward()
	a, b := w.device(alice), w.device(bob)
	w.setState(room, alice, typeACL, `{"allow":["*"],"deny":["out.example"],
		"org.medixchange.alliance":{"closed":["out.example","in.example","nobody.example",7],"opened":["out.example"]}}`)
	said := a.noticed(room, 1)[0].Get("content.body").Str
	require.Contains(t, said, "out.example is suspended")
	require.NotContains(t, said, "nobody.example")
	require.Contains(t, b.noticed(room, 1)[0].Get("content.body").Str, "out.example está suspendido")

	acl, err := w.rooms.StateEvent(t.Context(), room, typeACL, "")
	require.NoError(t, err)
	require.NoError(t, w.bridge.TellOfDoors(t.Context(), acl), "told once, however often it is asked for")
	w.setState(room, alice, typeACL, `{"allow":["*"],"org.medixchange.alliance":{"closed":"all","opened":["in.example"]}}`)
	require.Contains(t, a.noticed(room, 2)[1].Get("content.body").Str, "in.example belongs to the alliance")
	w.setState(room, alice, typeACL, `{"allow":["*"],"org.medixchange.alliance":{"closed":["nobody.example"],"opened":[]}}`)
	a.quiet(room)
}
