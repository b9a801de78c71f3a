package recording

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/conference/audit"
	"medixchange/conference/manifest"
	"medixchange/internal/config"
	"medixchange/internal/netguard"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// StateType is the room state that says whether a call is recorded. Its state key is the slot, "" for the room's own call.
const StateType = "org.medixchange.recording"

// Access lets the recorder into the room of an SFU.
type Access struct {
	Server string // the hospital whose SFU it is
	URL    string
	Token  string
}

// Person is who stands behind an identity in an SFU.
type Person struct{ UserID, DeviceID, Name string }

// Calls is what recordings need of conferences.
type Calls interface {
	// Enter gives access to a call at this node's SFU, which is started if need be. id names the recording.
	Enter(ctx context.Context, call Call, id string) (Access, error)
	// EnterAt gives access at the SFU of another hospital, on behalf of the user who started the recording.
	EnterAt(ctx context.Context, server string, call Call, userID, id string) (Access, error)
	// Others returns the other hospitals to whose SFUs members of the call publish.
	Others(ctx context.Context, call Call) ([]string, error)
	// Who returns who an SFU calls identity; false for those who are nobody's participant.
	Who(ctx context.Context, call Call, server, identity string) (Person, bool)
	// Slot says whether the room knows the call's slot, and whether it is closed.
	Slot(ctx context.Context, call Call) (known, closed bool, err error)
}

// Options of a Service. Every field without "optional" is needed.
type Options struct {
	Config     config.Recording
	Folder     string // a folder for each recording is made in it
	ServerName string
	// Address is where browsers find this node, without a slash at the end.
	Address string
	// Bot is the user id of the bot that speaks in rooms where it is; "" for none.
	Bot string
	// Abroad is where the SFUs of other hospitals may be.
	Abroad netguard.Policy
	// Program finds medix-media.
	Program  func() (string, error)
	Calls    Calls
	DB       *sqldb.DB
	Hub      *stream.Hub
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	Audit    *audit.Log
	// Speech has what is said cut into utterances, and Said is told of each; optional.
	Speech bool
	Said   func(ctx context.Context, rec *Recording, file string)
	// Recorded is told of every recording that has ended, and may take its time; optional.
	Recorded func(ctx context.Context, rec *Recording)
	// Gone is told of a recording whose files were deleted; optional.
	Gone       func(ctx context.Context, id string) error
	Now        func() time.Time
	Log        *logrus.Entry
	Registerer prometheus.Registerer
}

// Service is the recordings of this node. It is safe for concurrent use.
type Service struct {
	o       Options
	metrics *metrics
	work    chan *active // recordings that are to be supervised

	mu     sync.Mutex
	active map[Call]*active
	parts  sync.WaitGroup
}

const maxWaiting = 64

// New makes the service. Nothing is recorded before Run.
func New(o Options) *Service {
	s := &Service{o: o, active: map[Call]*active{}, work: make(chan *active, maxWaiting)}
	s.metrics = newMetrics(o.Registerer, s)
	return s
}

// Run supervises recordings, hears commands and deletes what is too old, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	if err := s.takeUp(ctx); err != nil {
		return err
	}
	s.parts.Go(func() { s.sweepAll(ctx) })
	s.parts.Go(func() { s.watchStates(ctx) })
	s.parts.Go(func() { _ = s.o.Hub.Follow(ctx, cursorName, s.followOptions(), s.hearAll) })
	for {
		select {
		case <-ctx.Done():
			s.parts.Wait()
			return ctx.Err()
		case a := <-s.work:
			s.parts.Go(func() { s.supervise(ctx, a) })
		}
	}
}

// takeUp goes on with what was recorded when the node ended.
func (s *Service) takeUp(ctx context.Context) error {
	running, err := s.byState(ctx, manifest.StateRecording)
	if err != nil {
		return err
	}
	for _, rec := range running {
		a := newActive(rec)
		if s.o.Now().UnixMilli()-rec.StartedTS > s.o.Config.MaxDuration.Std().Milliseconds() || !s.says(ctx, rec, manifest.StateRecording) {
			a.stopping = reasonNodeGone
		}
		s.mu.Lock()
		s.active[rec.call()] = a
		s.mu.Unlock()
		s.parts.Go(func() { s.supervise(ctx, a) })
	}
	return nil
}

func (s *Service) folder(id string) string { return filepath.Join(s.o.Folder, id) }

// find returns the recording that runs of a call, nil for none.
func (s *Service) find(call Call) *active {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active[call]
}

func (s *Service) forget(a *active) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[a.rec.call()] == a {
		delete(s.active, a.rec.call())
	}
}

func (s *Service) running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.active)
}

// Address is where a recording is replayed.
func (s *Service) address(id string) string { return s.o.Address + "/replay/" + id }

// note adds a line to the log of recordings. What was done stays done if that fails.
func (s *Service) note(ctx context.Context, actor, action, id, detail string) {
	if err := s.o.Audit.Add(ctx, actor, action, id, detail); err != nil {
		s.o.Log.WithError(err).WithField("recording", id).Error("the log of recordings cannot be written")
	}
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
