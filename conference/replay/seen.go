package replay

import (
	"context"
	"fmt"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// sightingFor is how long looks of one user at one file are one line of the log: a browser asks for a track a hundred times.
	sightingFor   = 10 * time.Minute
	keptSightings = 10_000
)

// sightings remembers what was written down lately. It is safe for concurrent use; a look that is written down twice does no
// harm.
type sightings struct {
	now  func() time.Time
	kept *lru.Cache[[3]string, time.Time]
}

func newSightings(now func() time.Time) (*sightings, error) {
	kept, err := lru.New[[3]string, time.Time](keptSightings)
	if err != nil {
		return nil, fmt.Errorf("making the memory of who looked: %w", err)
	}
	return &sightings{now: now, kept: kept}, nil
}

// noted writes a look into the log before anything is shown.
func (p *Replay) noted(ctx context.Context, userID string, rec *recording, name string) error {
	subject := rec.ID
	if !p.here(rec) {
		subject = rec.address
	}
	key := [3]string{userID, subject, name}
	if last, ok := p.seen.kept.Get(key); ok && p.seen.now().Sub(last) < sightingFor {
		return nil
	}
	action := "read"
	switch {
	case name == manifestFile:
		action = "opened"
	case strings.HasPrefix(name, "tracks/"):
		action = "played"
	case name == downloadFile:
		action = "downloaded"
	}
	if err := p.o.Audit.Add(ctx, userID, "recording "+action, subject, name); err != nil {
		return err
	}
	p.seen.kept.Add(key, p.seen.now())
	return nil
}
