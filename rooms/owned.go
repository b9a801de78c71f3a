package rooms

import (
	"fmt"
	"strings"
)

// callMembers are the state events by which users say that they are in a call (MSC3401, MSC4143). Members may send them with
// state keys of the form _@user:server_DEVICE; what follows the underscore says whose they are.
var callMembers = map[string]bool{"org.matrix.msc3401.call.member": true, "m.call.member": true}

// checkOwned refuses that a user here says of another that they are in a call, or are not. The authorisation rules would let
// them, since the state key does not begin with @; who may change the room's state may put things in order.
func (b *batch) checkOwned(d *draft) error {
	if d.stateKey == nil || !callMembers[d.typ] || !strings.HasPrefix(*d.stateKey, "_@") {
		return nil
	}
	own := "_" + d.sender
	if *d.stateKey == own || strings.HasPrefix(*d.stateKey, own+"_") {
		return nil
	}
	if needed := b.st.facts.levels.stateDefault; b.st.facts.of(d.sender) < needed {
		return fmt.Errorf("saying of others whether they are in a call needs power level %d: %w", needed, ErrForbidden)
	}
	return nil
}
