package rooms

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
)

// fakeRemote is the other servers: each request is answered by the function of its name, ErrUnreachable without one.
type fakeRemote struct {
	calls     atomic.Int64
	mu        sync.Mutex
	backfill  func(server, roomID string, from []string, limit int) ([][]byte, error)
	event     func(server, eventID string) ([]byte, error)
	stateIDs  func(server, roomID, eventID string) (state, auth []string, err error)
	state     func(server, roomID, eventID string) (state, auth [][]byte, err error)
	directory func(ctx context.Context, server, alias string) (string, []string, error)
	near      func(server, roomID string, ts int64, dir string) (string, int64, error)
	verify    func(pdu []byte) error
}

func (f *fakeRemote) MakeMembership(context.Context, string, string, string, string, []string) (*Template, error) {
	return nil, ErrUnreachable
}
func (f *fakeRemote) SendJoin(context.Context, string, string, string, []byte, string) (*JoinedState, error) {
	return nil, ErrUnreachable
}
func (f *fakeRemote) SendLeave(context.Context, string, string, string, []byte, string) error {
	return ErrUnreachable
}
func (f *fakeRemote) SendKnock(context.Context, string, string, string, []byte, string) ([]byte, error) {
	return nil, ErrUnreachable
}
func (f *fakeRemote) SendInvite(context.Context, string, string, string, []byte, string, []json.RawMessage) ([]byte, error) {
	return nil, ErrUnreachable
}
func (f *fakeRemote) MissingEvents(context.Context, string, string, []string, []string, int, int64) ([][]byte, error) {
	return nil, ErrUnreachable
}
func (f *fakeRemote) EventAuth(context.Context, string, string, string) ([][]byte, error) {
	return nil, ErrUnreachable
}

func (f *fakeRemote) Backfill(_ context.Context, server, roomID string, from []string, limit int) ([][]byte, error) {
	f.calls.Add(1)
	f.mu.Lock()
	answer := f.backfill
	f.mu.Unlock()
	if answer == nil {
		return nil, ErrUnreachable
	}
	return answer(server, roomID, from, limit)
}

func (f *fakeRemote) Event(_ context.Context, server, eventID string) ([]byte, error) {
	if f.event == nil {
		return nil, ErrUnreachable
	}
	return f.event(server, eventID)
}

func (f *fakeRemote) StateIDs(_ context.Context, server, roomID, eventID string) (state, auth []string, err error) {
	if f.stateIDs == nil {
		return nil, nil, ErrUnreachable
	}
	return f.stateIDs(server, roomID, eventID)
}

func (f *fakeRemote) State(_ context.Context, server, roomID, eventID string) (state, auth [][]byte, err error) {
	if f.state == nil {
		return nil, nil, ErrUnreachable
	}
	return f.state(server, roomID, eventID)
}

func (f *fakeRemote) Directory(ctx context.Context, server, alias string) (string, []string, error) {
	if f.directory == nil {
		return "", nil, ErrUnreachable
	}
	return f.directory(ctx, server, alias)
}

func (f *fakeRemote) TimestampToEvent(_ context.Context, server, roomID string, ts int64, dir string) (string, int64, error) {
	if f.near == nil {
		return "", 0, ErrUnreachable
	}
	return f.near(server, roomID, ts, dir)
}

func (f *fakeRemote) VerifyPDUs(_ context.Context, _ string, pdus [][]byte) []error {
	errs := make([]error, len(pdus))
	if f.verify != nil {
		for i, pdu := range pdus {
			errs[i] = f.verify(pdu)
		}
	}
	return errs
}
