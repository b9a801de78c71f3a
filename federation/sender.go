package federation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

const (
	// cursorName is where the sender's place in the stream is kept: everything before it is acknowledged by those it is
	// for, or their rows in destinations say that something waits.
	cursorName = "federation.sender"
	// saveEvery is how long that and the destinations' places may lag behind in the database. After a crash that much is
	// sent again; receivers know events and device messages by their ids.
	saveEvery = time.Second
	// infrastructurePause follows an error of the database.
	infrastructurePause = 500 * time.Millisecond
	typingBuffer        = 256
	presenceBuffer      = 1024
	lastSave            = 5 * time.Second
)

// SenderOptions is what a Sender is built from. Every field without "optional" must be set.
type SenderOptions struct {
	Client   *Client
	DB       *sqldb.DB
	Hub      *stream.Hub
	Rooms    SenderRooms
	Accounts SenderAccounts
	Log      *logrus.Entry
	// BackoffMax is the longest pause before an unreachable server is tried again; optional: 1 hour.
	BackoffMax time.Duration
	// Destinations bounds how many servers are sent to at the same time; optional: 64.
	Destinations int
	AllowServer  func(server string) bool // optional
	Now          func() time.Time         // optional: time.Now
	Registerer   prometheus.Registerer    // optional
}

// Sender brings what happens here to the servers that it concerns. It follows the stream; each server has a place in it up
// to which it has acknowledged everything, and is sent what comes after in order, from the ring or from the database, one
// transaction at a time. So nothing waits in memory for a server that is away, and a restart changes nothing. It is safe
// for concurrent use.
type Sender struct {
	o       SenderOptions
	name    string
	feed    *feed
	metrics *senderMetrics
	slots   chan struct{}
	ctx     context.Context // of Run
	workers sync.WaitGroup

	mu           sync.Mutex
	destinations map[string]*destination
	dirty        map[string]*destination
	cursor       int64 // everything up to it has been given to the destinations
	saved        int64
	stopped      bool
}

// NewSender makes a Sender; Run starts it.
func NewSender(o SenderOptions) (*Sender, error) {
	if o.BackoffMax <= 0 {
		o.BackoffMax = time.Hour
	}
	if o.Destinations <= 0 {
		o.Destinations = 64
	}
	if o.AllowServer == nil {
		o.AllowServer = func(string) bool { return true }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sender{
		o: o, name: o.Client.transport.name, slots: make(chan struct{}, o.Destinations),
		feed:         &feed{hub: o.Hub, rooms: o.Rooms, accounts: o.Accounts, own: o.Client.transport.name},
		destinations: map[string]*destination{}, dirty: map[string]*destination{},
	}
	var err error
	s.metrics, err = newSenderMetrics(s, o.Registerer)
	return s, err
}

// Run sends until ctx ends, whose error it returns after the places have been saved.
func (s *Sender) Run(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	var parts sync.WaitGroup
	parts.Go(func() { s.followTyping(ctx) })
	parts.Go(func() { s.followPresence(ctx) })
	parts.Go(func() { s.saveNowAndThen(ctx) })
	for ctx.Err() == nil {
		if err := s.o.Hub.WaitFor(ctx, s.cursor+1); err != nil {
			break
		}
		if err := s.dispatch(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.WithError(err).Warn("reading what is to be sent failed, trying again")
			pace.Pause(ctx, infrastructurePause)
		}
	}
	s.stop()
	parts.Wait()
	s.workers.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
	defer cancel()
	if err := s.save(last); err != nil {
		s.o.Log.WithError(err).Warn("saving what was sent failed; some of it will be sent again")
	}
	return ctx.Err()
}

// load reads the places and starts sending what waited when the program ended.
func (s *Sender) load(ctx context.Context) error {
	cursor, _, err := s.o.Hub.LoadCursor(ctx, cursorName)
	if err != nil {
		return fmt.Errorf("reading the sender's place: %w", err)
	}
	rows, err := loadDestinations(ctx, s.o.DB)
	if err != nil {
		return err
	}
	devices, err := s.o.Accounts.OutboundDeviceDestinations(ctx)
	if err != nil {
		return fmt.Errorf("reading which device messages wait: %w", err)
	}
	s.mu.Lock()
	s.ctx, s.cursor, s.saved = ctx, cursor, cursor
	for _, row := range rows {
		s.destinations[row.server] = &destination{sender: s, place: row}
	}
	s.mu.Unlock()
	for _, row := range rows {
		s.destination(row.server).resume()
	}
	s.wantDevices(devices)
	if err := s.stickAgain(ctx); err != nil {
		return fmt.Errorf("reading what is sticky: %w", err)
	}
	return nil
}

func (s *Sender) wantDevices(positions map[string]int64) {
	for server, position := range positions {
		if server != s.name {
			s.destination(server).wantDevices(position)
		}
	}
}

// dispatch gives the next piece of the stream to the destinations.
func (s *Sender) dispatch(ctx context.Context) error {
	piece, err := s.feed.read(ctx, s.cursor, s.o.Hub.Position())
	if err != nil {
		return err
	}
	wanted := map[string]int64{}
	first := map[string]int64{}
	for _, it := range piece.items {
		for _, server := range it.servers {
			if first[server] == 0 {
				first[server] = it.position
			}
			wanted[server] = it.position
		}
	}
	for server, position := range wanted {
		if server != s.name {
			s.destination(server).want(first[server], position)
		}
	}
	if !piece.devicesKnown {
		if piece.devices, err = s.o.Accounts.OutboundDeviceDestinations(ctx); err != nil {
			return fmt.Errorf("reading which device messages wait: %w", err)
		}
	}
	s.wantDevices(piece.devices)
	for _, a := range piece.arrivals {
		if err := s.welcome(ctx, a); err != nil {
			return fmt.Errorf("welcoming a server: %w", err)
		}
	}
	s.mu.Lock()
	s.cursor = piece.reached
	s.mu.Unlock()
	return nil
}

// concerns reports whether a server is to be sent anything now. What is for one that may not take part waits until it may.
func (s *Sender) concerns(server string) bool { return server != s.name && s.o.AllowServer(server) }

// destination returns the place of a server, a new one if it has none.
func (s *Sender) destination(server string) *destination {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.destinations[server]
	if d == nil {
		d = &destination{sender: s, place: place{server: server}}
		s.destinations[server] = d
	}
	return d
}

// changed marks a destination whose place is to be saved.
func (s *Sender) changed(d *destination) {
	s.mu.Lock()
	s.dirty[d.place.server] = d
	s.mu.Unlock()
}

// Admitted says that a server may take part, perhaps for the first time or again: what waited for it is sent.
func (s *Sender) Admitted(server string) {
	s.mu.Lock()
	d := s.destinations[server]
	s.mu.Unlock()
	if d != nil {
		d.wake()
	}
}

// Heard says that a server has proved to be there: what waits for it is tried at once.
func (s *Sender) Heard(server string) {
	s.mu.Lock()
	d := s.destinations[server]
	s.mu.Unlock()
	if d != nil {
		d.heard()
	}
}

// stop keeps workers from starting.
func (s *Sender) stop() {
	s.mu.Lock()
	s.stopped = true
	destinations := make([]*destination, 0, len(s.destinations))
	for _, d := range s.destinations {
		destinations = append(destinations, d)
	}
	s.mu.Unlock()
	for _, d := range destinations {
		d.stopTimer()
	}
}

// start runs a worker unless the sender stops.
func (s *Sender) start(work func(ctx context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.ctx == nil {
		return false
	}
	ctx := s.ctx
	s.workers.Go(func() { work(ctx) })
	return true
}

// followTyping tells the servers of a room who types there. Nothing of it waits for a server that is away.
func (s *Sender) followTyping(ctx context.Context) {
	changes, stop := s.o.Rooms.WatchTyping(typingBuffer)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case change := <-changes:
			servers, err := s.o.Rooms.RoomServers(ctx, change.RoomID)
			if err != nil {
				s.o.Log.WithError(err).Debug("reading who is to be told of typing")
				continue
			}
			for _, server := range servers {
				if s.concerns(server) {
					s.destination(server).typing(change)
				}
			}
		}
	}
}

// followPresence tells servers of the presence of users with whom theirs share a room. Nothing of it waits, either.
func (s *Sender) followPresence(ctx context.Context) {
	changes, stop := s.o.Accounts.WatchPresence(presenceBuffer)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case change := <-changes:
			for _, server := range change.Servers {
				if s.concerns(server) {
					s.destination(server).presence(change)
				}
			}
		}
	}
}

func (s *Sender) saveNowAndThen(ctx context.Context) {
	pace.Every(ctx, saveEvery, func() {
		if err := s.save(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.WithError(err).Warn("saving what was sent failed; it is tried again")
		}
	})
}

// save writes the places that changed and the cursor, in this order of taking them: no place is older than the cursor.
func (s *Sender) save(ctx context.Context) error {
	s.mu.Lock()
	cursor, dirty := s.cursor, s.dirty
	if cursor == s.saved && len(dirty) == 0 {
		s.mu.Unlock()
		return nil
	}
	s.dirty = map[string]*destination{}
	s.mu.Unlock()
	places := make([]place, 0, len(dirty))
	for _, d := range dirty {
		places = append(places, d.current())
	}
	err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := savePlaces(tx, places); err != nil {
			return err
		}
		return s.o.Hub.SaveCursorTx(tx, cursorName, cursor)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for server, d := range dirty {
			s.dirty[server] = d
		}
		return err
	}
	s.saved = cursor
	return nil
}

// DestinationStatus is what an administrator is told of a destination.
type DestinationStatus struct {
	Server       string
	Acknowledged int64     // position of the stream up to which it has everything
	Wanted       int64     // position of the last thing for it
	Waiting      bool      // something is still to be sent
	FailingSince time.Time // zero: it answers
	RetryAt      time.Time // zero: not in a pause
	Failures     int64
	LastSuccess  time.Time // zero: never
}

// Destinations lists all servers that were ever sent something, by name.
func (s *Sender) Destinations() []DestinationStatus {
	s.mu.Lock()
	all := make([]*destination, 0, len(s.destinations))
	for _, d := range s.destinations {
		all = append(all, d)
	}
	s.mu.Unlock()
	list := make([]DestinationStatus, 0, len(all))
	for _, d := range all {
		list = append(list, d.status())
	}
	slices.SortFunc(list, func(a, b DestinationStatus) int { return cmp.Compare(a.Server, b.Server) })
	return list
}

// Retry ends the pause of a destination.
func (s *Sender) Retry(server string) {
	s.mu.Lock()
	d := s.destinations[server]
	s.mu.Unlock()
	if d != nil {
		d.retry()
	}
}
