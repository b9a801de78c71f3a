package federation

import (
	"context"
	"sync"
)

// perDestination bounds the requests of one kind that are under way to one server at a time.
const perDestination = 16

// gates bound what is under way to, or from, each server. A gate is kept only while someone uses it.
type gates struct {
	most    int
	waiting int // how many may wait for a place; 0: any number
	mu      sync.Mutex
	open    map[string]*gate
}

type gate struct {
	slots chan struct{}
	users int
}

func newGates(most int) *gates { return &gates{most: most, open: map[string]*gate{}} }

// enter waits for a place; leave gives it back. errCrowded: too many wait.
func (g *gates) enter(ctx context.Context, server string) (leave func(), err error) {
	g.mu.Lock()
	current := g.open[server]
	if current == nil {
		current = &gate{slots: make(chan struct{}, g.most)}
		g.open[server] = current
	}
	if g.waiting > 0 && current.users >= g.most+g.waiting {
		g.mu.Unlock()
		return nil, errCrowded
	}
	current.users++
	g.mu.Unlock()
	select {
	case current.slots <- struct{}{}:
		return func() {
			<-current.slots
			g.release(server, current)
		}, nil
	case <-ctx.Done():
		g.release(server, current)
		return nil, ctx.Err()
	}
}

func (g *gates) release(server string, current *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if current.users--; current.users == 0 {
		delete(g.open, server)
	}
}
