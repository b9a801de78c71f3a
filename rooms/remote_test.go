package rooms

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/tidwall/gjson"
)

// netRemote is the Remote of one node of a network.
type netRemote struct {
	net  *network
	from string
}

func (f *netRemote) to(request, server string) (*netNode, error) {
	f.net.mu.Lock()
	defer f.net.mu.Unlock()
	f.net.calls[request]++
	n := f.net.nodes[server]
	if n == nil || f.net.down[server] {
		return nil, fmt.Errorf("server %s: %w", server, ErrUnreachable)
	}
	if f.net.hook != nil {
		if err := f.net.hook(request, f.from, server); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (f *netRemote) altered(request, server string, pdus [][]byte) [][]byte {
	f.net.mu.Lock()
	defer f.net.mu.Unlock()
	if f.net.alter != nil {
		return f.net.alter(request, server, pdus)
	}
	return pdus
}

func (f *netRemote) MakeMembership(ctx context.Context, server, roomID, userID, membership string, versions []string) (*Template, error) {
	n, err := f.to("make_"+membership, server)
	if err != nil {
		return nil, err
	}
	return n.MakeMembership(ctx, f.from, roomID, userID, membership, versions)
}

func (f *netRemote) SendJoin(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) (*JoinedState, error) {
	n, err := f.to("send_join", server)
	if err != nil {
		return nil, err
	}
	joined, err := n.AcceptJoin(ctx, f.from, roomID, eventID, pdu, f.net.omit)
	if err == nil {
		joined.State = f.altered("send_join", server, joined.State)
	}
	return joined, err
}

func (f *netRemote) SendLeave(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) error {
	n, err := f.to("send_leave", server)
	if err != nil {
		return err
	}
	return n.AcceptLeave(ctx, f.from, roomID, eventID, pdu)
}

func (f *netRemote) SendKnock(ctx context.Context, server, roomID, eventID string, pdu []byte, _ string) ([]byte, error) {
	n, err := f.to("send_knock", server)
	if err != nil {
		return nil, err
	}
	return n.AcceptKnock(ctx, f.from, roomID, eventID, pdu)
}

func (f *netRemote) SendInvite(ctx context.Context, server, roomID, eventID string, pdu []byte, version string, stripped []json.RawMessage) ([]byte, error) {
	n, err := f.to("invite", server)
	if err != nil {
		return nil, err
	}
	return n.AcceptInvite(ctx, f.from, roomID, eventID, version, pdu, stripped)
}

func (f *netRemote) MissingEvents(ctx context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([][]byte, error) {
	n, err := f.to("get_missing_events", server)
	if err != nil {
		return nil, err
	}
	events, err := n.ServeMissing(ctx, f.from, roomID, earliest, latest, limit, minDepth)
	return f.altered("get_missing_events", server, pdusOf(events)), err
}

func (f *netRemote) Backfill(ctx context.Context, server, roomID string, from []string, limit int) ([][]byte, error) {
	n, err := f.to("backfill", server)
	if err != nil {
		return nil, err
	}
	events, err := n.ServeBackfill(ctx, f.from, roomID, from, limit)
	return f.altered("backfill", server, pdusOf(events)), err
}

func (f *netRemote) Event(ctx context.Context, server, eventID string) ([]byte, error) {
	n, err := f.to("event", server)
	if err != nil {
		return nil, err
	}
	ev, err := n.ServeEvent(ctx, f.from, eventID)
	if err != nil {
		return nil, err
	}
	return f.altered("event", server, [][]byte{ev.JSON})[0], nil
}

func (f *netRemote) EventAuth(ctx context.Context, server, roomID, eventID string) ([][]byte, error) {
	n, err := f.to("event_auth", server)
	if err != nil {
		return nil, err
	}
	events, err := n.ServeEventAuth(ctx, f.from, roomID, eventID)
	return pdusOf(events), err
}

func (f *netRemote) StateIDs(ctx context.Context, server, roomID, eventID string) (state, auth []string, err error) {
	n, err := f.to("state_ids", server)
	if err != nil {
		return nil, nil, err
	}
	return n.ServeStateIDs(ctx, f.from, roomID, eventID)
}

func (f *netRemote) State(ctx context.Context, server, roomID, eventID string) (state, auth [][]byte, err error) {
	n, err := f.to("state", server)
	if err != nil {
		return nil, nil, err
	}
	events, chain, err := n.ServeState(ctx, f.from, roomID, eventID)
	return pdusOf(events), pdusOf(chain), err
}

func (f *netRemote) Directory(context.Context, string, string) (string, []string, error) {
	return "", nil, ErrUnreachable
}

func (f *netRemote) TimestampToEvent(ctx context.Context, server, roomID string, ts int64, dir string) (string, int64, error) {
	n, err := f.to("timestamp_to_event", server)
	if err != nil {
		return "", 0, err
	}
	direction := Forward
	if dir == "b" {
		direction = Backward
	}
	ev, err := n.EventNearHere(ctx, roomID, ts, direction)
	if err != nil {
		return "", 0, err
	}
	return ev.ID, ev.OriginServerTS, nil
}

// VerifyPDUs checks the signatures for real.
func (f *netRemote) VerifyPDUs(_ context.Context, version string, pdus [][]byte) []error {
	errs := make([]error, len(pdus))
	var all sync.WaitGroup
	for start := range 2 {
		all.Go(func() {
			for i := start; i < len(pdus); i += 2 {
				errs[i] = f.net.verify(version, pdus[i])
			}
		})
	}
	all.Wait()
	return errs
}

func (w *network) verify(version string, pdu []byte) error {
	_, covered := formats[version].reference(pdu)
	servers := []string{serverOf(gjson.GetBytes(pdu, "sender").Str)}
	if id := gjson.GetBytes(pdu, "event_id").Str; id != "" && formats[version].ownIDs {
		servers = append(servers, serverOf(id))
	}
	if via := gjson.GetBytes(pdu, "content.join_authorised_via_users_server").Str; via != "" {
		servers = append(servers, serverOf(via))
	}
	for _, server := range servers {
		w.mu.Lock()
		unreachable := w.noKey[server]
		w.mu.Unlock()
		if unreachable {
			return ErrKeysUnreachable
		}
		key := w.key(server)
		signature, _ := base64.RawStdEncoding.DecodeString(gjson.GetBytes(pdu, "signatures").Map()[server].Map()[key.ID].Str)
		if !ed25519.Verify(key.Public(), covered, signature) {
			return fmt.Errorf("not signed by %s", server)
		}
	}
	return nil
}

func base64Of(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }
