package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"medixchange/conference/manifest"
)

// firstExtraFile is the number under which a program finds the first of exec.Cmd.ExtraFiles.
const firstExtraFile = 3

// feeds hand the tracks of another hospital's recording to a program through pipes, as fast as it reads them, so that nothing of
// them is stored here. A nil feeds hands over nothing.
type feeds struct {
	ends    []*os.File // which the program reads, in the order of the tracks
	running sync.WaitGroup
	stop    context.CancelFunc
	mu      sync.Mutex
	err     error
}

// feed begins to fetch tracks. A track that cannot be had to its end ends ctx by stop, since the rest would pass for the whole.
func (p *Replay) feed(ctx context.Context, stop context.CancelFunc, rec *recording, userID string, tracks []manifest.Track) (*feeds, error) {
	f := &feeds{stop: stop}
	for _, t := range tracks {
		end, in, err := os.Pipe()
		if err != nil {
			f.close()
			return nil, fmt.Errorf("making the pipe of a track: %w", err)
		}
		f.ends = append(f.ends, end)
		f.running.Go(func() { f.copy(in, p.remotes.track(ctx, rec, userID, t)) })
	}
	return f, nil
}

// copy hands one track over. Of a program that wants no more of it, it says nothing: the program says why.
func (f *feeds) copy(in *os.File, track *remoteTrack) {
	defer in.Close()
	for {
		piece, err := track.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			f.fail(err)
			return
		}
		if _, err := in.Write(piece); err != nil {
			return
		}
	}
}

func (f *feeds) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil { // the others fail since they were stopped
		f.err = err
	}
	f.stop()
}

// failed returns why a track could not be fetched; nil when all were, as far as they were wanted.
func (f *feeds) failed() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// handedOver closes what the program reads, which has its own: once it ends nobody reads, and nobody waits to write.
func (f *feeds) handedOver() {
	if f == nil {
		return
	}
	for _, end := range f.ends {
		_ = end.Close() // read only
	}
	f.ends = nil
}

// close ends the fetching and waits for it.
func (f *feeds) close() {
	if f == nil {
		return
	}
	f.stop()
	f.handedOver()
	f.running.Wait()
}
