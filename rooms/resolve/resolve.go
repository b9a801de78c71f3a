package resolve

import (
	"context"
	"errors"
)

// Resolve returns the state that holds after states meet. The order of the states does not matter.
func (r *Resolver) Resolve(ctx context.Context, states []State) (State, error) {
	return nil, errors.New("not yet")
}
