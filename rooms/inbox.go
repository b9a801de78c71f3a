package rooms

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
)

const (
	inboxWorkers  = 16               // rooms whose inbox is worked on at the same time
	inboxPage     = 100              // rows of a room taken at a time
	inboxTick     = time.Minute      // after which the inbox is looked at without a reason
	inboxPause    = 5 * time.Second  // after a failed read
	bringDeadline = time.Minute      // of bringing one event in, with all that it needs
	firstRetry    = 10 * time.Second // doubled with each failure
	lastRetry     = 2 * time.Hour
	maxAttempts   = 14     // after which a row is given up, about a day
	maxWanted     = 10_000 // events whose arrival makes rows due at once
)

// inbox are the PDUs of other servers that could not be admitted at once: they are in the database, this is what is known
// of the work on them. Safe for concurrent use.
type inbox struct {
	ids     *sqldb.IDs
	results *prometheus.CounterVec
	signal  chan struct{}
	stopped chan struct{}
	// patience is for how long a transaction waits for its rooms; then the inbox takes over.
	patience time.Duration

	mu      sync.Mutex
	working map[string]bool   // by room
	wanted  map[string]string // missing event → room of a row that waits for it
	hurry   map[string]bool   // rooms for which a wanted event arrived
}

func newInbox(o Options) (*inbox, error) {
	i := &inbox{
		ids: o.DB.IDs("inbox"), signal: make(chan struct{}, 1), stopped: make(chan struct{}), patience: directTime,
		working: map[string]bool{}, wanted: map[string]string{}, hurry: map[string]bool{},
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_pdus_received_total", Help: "PDUs of other servers, by what became of them.",
		}, []string{"result"}),
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(i.results); err != nil {
			return nil, fmt.Errorf("registering the metrics of the inbox: %w", err)
		}
	}
	return i, nil
}

func (i *inbox) count(result string, n int) { i.results.WithLabelValues(result).Add(float64(n)) }

// wake has the inbox looked at.
func (i *inbox) wake() {
	select {
	case i.signal <- struct{}{}:
	default:
	}
}

// want notes that a row of the room waits for events.
func (i *inbox) want(roomID string, ids []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, id := range ids {
		if len(i.wanted) < maxWanted {
			i.wanted[id] = roomID
		}
	}
}

// arrived makes the rows due that wait for an event.
func (i *inbox) arrived(id string) {
	i.mu.Lock()
	roomID, ok := i.wanted[id]
	if ok {
		delete(i.wanted, id)
		i.hurry[roomID] = true
	}
	i.mu.Unlock()
	if ok {
		i.wake()
	}
}

// takeHurry returns the rooms for which a wanted event arrived.
func (i *inbox) takeHurry() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var rooms []string
	for roomID := range i.hurry {
		rooms = append(rooms, roomID)
	}
	clear(i.hurry)
	return rooms
}

// begin takes a room for one worker; false when one has it.
func (i *inbox) begin(roomID string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.working[roomID] {
		return false
	}
	i.working[roomID] = true
	return true
}

func (i *inbox) end(roomID string) {
	i.mu.Lock()
	delete(i.working, roomID)
	i.mu.Unlock()
	i.wake()
}

// ProcessInbox works on what waits in the inbox until ctx ends; New starts it. After a restart everything that waited is
// tried again at once.
func (r *Rooms) ProcessInbox(ctx context.Context) {
	var workers sync.WaitGroup
	defer close(r.inbox.stopped)
	defer workers.Wait()
	r.hurryRooms(ctx, "")
	slots := make(chan struct{}, inboxWorkers)
	for ctx.Err() == nil {
		r.hurryRooms(ctx, r.inbox.takeHurry()...)
		now := r.now()
		rooms, next, err := r.dueRooms(ctx, now.UnixMilli(), inboxWorkers*4)
		pause := inboxTick
		switch {
		case err != nil:
			pause = inboxPause
			if ctx.Err() == nil {
				r.log.WithError(err).Error("reading the inbox")
			}
		case next != 0:
			pause = min(pause, max(time.UnixMilli(next).Sub(now), 0)+time.Millisecond)
		}
		for _, roomID := range rooms {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			if !r.inbox.begin(roomID) {
				<-slots
				continue
			}
			workers.Go(func() {
				defer func() { <-slots }()
				defer r.inbox.end(roomID)
				r.processRoom(ctx, roomID)
			})
		}
		select {
		case <-r.inbox.signal:
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// hurryRooms makes the rows of rooms due.
func (r *Rooms) hurryRooms(ctx context.Context, rooms ...string) {
	if len(rooms) == 0 {
		return
	}
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, roomID := range rooms {
			if err := hurryInbox(tx, roomID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		r.log.WithError(err).Error("making the inbox due")
	}
}

// processRoom works on the rows of a room that are due until there are none.
func (r *Rooms) processRoom(ctx context.Context, roomID string) {
	for ctx.Err() == nil {
		rows, err := r.dueRows(ctx, roomID, r.now().UnixMilli(), inboxPage)
		if err == nil && len(rows) == 0 {
			return
		}
		if err == nil {
			err = r.processRows(ctx, roomID, rows)
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		r.log.WithError(err).WithField("room_id", roomID).Error("working on the inbox")
		pace.Pause(ctx, inboxPause)
	}
}

// processRows tries rows of one room. Afterwards each of them is gone or due later; the error is of the database alone.
func (r *Rooms) processRows(ctx context.Context, roomID string, rows []inboxRow) error {
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil && !notFound(err) {
		return err
	}
	if err != nil || snap.LocalJoined() == 0 {
		return r.dropRows(ctx, "left", rows...)
	}
	room := roomRef{snap.RoomNID, roomID, snap.Version}
	events, byEvent, err := r.openRows(ctx, room, rows)
	if err != nil {
		return err
	}
	for _, in := range earlierFirst(events, func(in *incoming) []string { return in.prev }) {
		if err := r.processRow(ctx, room, byEvent[in], in); err != nil {
			return err
		}
	}
	return nil
}

// openRows parses and verifies rows. What is malformed or wrongly signed is dropped; what cannot be verified now is parked.
func (r *Rooms) openRows(ctx context.Context, room roomRef, rows []inboxRow) ([]*incoming, map[*incoming]inboxRow, error) {
	f, err := formatOf(room.version)
	if err != nil {
		return nil, nil, err
	}
	byEvent := make(map[*incoming]inboxRow, len(rows))
	var events []*incoming
	var pdus [][]byte
	for _, row := range rows {
		in, err := f.parse(row.body)
		if err != nil || in.event.RoomID != room.id {
			if err := r.dropRows(ctx, "refused", row); err != nil {
				return nil, nil, err
			}
			continue
		}
		byEvent[in] = row
		events, pdus = append(events, in), append(pdus, in.event.JSON)
	}
	var good []*incoming
	for i, err := range r.remote.VerifyPDUs(ctx, room.version, pdus) {
		row := byEvent[events[i]]
		switch {
		case err == nil:
			good = append(good, events[i])
			continue
		case errors.Is(err, ErrKeysUnreachable):
			err = r.park(ctx, room.id, row, err)
		default:
			err = r.dropRows(ctx, "bad_signature", row)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return good, byEvent, nil
}

// processRow brings one event into its room, and removes its row with the same commit.
func (r *Rooms) processRow(ctx context.Context, room roomRef, row inboxRow, in *incoming) error {
	ctx, cancel := context.WithTimeout(ctx, bringDeadline)
	defer cancel()
	ev, err := r.bring(ctx, room, row.origin, in, func(tx *sqldb.Tx) error { return deleteInbox(tx, row.nid) })
	switch {
	case err == nil:
		r.inbox.count(ev.Outcome.String(), 1)
		r.inbox.arrived(ev.ID)
		return nil
	case refusal(err):
		return r.dropRows(ctx, "refused", row)
	}
	return r.park(ctx, room.id, row, err)
}

func (r *Rooms) dropRows(ctx context.Context, why string, rows ...inboxRow) error {
	nids := make([]int64, len(rows))
	for i, row := range rows {
		nids[i] = row.nid
	}
	r.inbox.count(why, len(rows))
	return r.db.Write(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error { return deleteInbox(tx, nids...) })
}

// park sets a row aside until later, ever longer; after many attempts it is given up and stays only to be looked at. A room
// that was too busy is no failure of the row.
func (r *Rooms) park(ctx context.Context, roomID string, row inboxRow, cause error) error {
	var lacks *missingError
	if errors.As(cause, &lacks) {
		r.inbox.want(roomID, lacks.ids)
	}
	if !errors.Is(cause, ErrBusy) {
		row.attempts++
	}
	wait := min(firstRetry<<min(max(row.attempts-1, 0), 20), lastRetry)
	next := r.now().Add(wait).UnixMilli()
	log := r.log.WithError(cause).WithField("room_id", roomID).WithField("event_id", row.eventID).WithField("server", row.origin)
	if row.attempts >= maxAttempts {
		next = never
		r.inbox.count("given_up", 1)
		log.Warn("a PDU was given up")
	} else {
		log.WithField("attempts", row.attempts).Info("a PDU has to wait")
	}
	return r.db.Write(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error { return parkInbox(tx, row.nid, row.attempts, next) })
}
