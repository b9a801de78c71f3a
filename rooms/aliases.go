package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"medixchange/internal/sqldb"
)

const (
	maxAlias        = 255 // bytes
	maxAliasServers = 50  // servers named in the answer for an alias
	maxAliases      = 1000
	remoteDirectory = 10 * time.Second
)

// CreateAlias makes alias point to the room. Errors: ErrInvalidParam (malformed, or of another server), ErrNotFound (room
// not known), ErrForbidden (creator not joined), ErrAliasTaken.
func (r *Rooms) CreateAlias(ctx context.Context, alias, roomID, creator string) error {
	if err := r.checkLocalAlias(alias); err != nil {
		return err
	}
	if _, err := r.roomRef(ctx, roomID); err != nil {
		return err
	}
	membership, _, err := r.Membership(ctx, roomID, creator)
	if err != nil {
		return err
	}
	if membership != "join" {
		return fmt.Errorf("naming a room without being joined: %w", ErrForbidden)
	}
	created := r.now().UnixMilli()
	return r.db.Write(ctx, func(tx *sqldb.Tx) error { return insertAlias(tx, alias, roomID, creator, created) })
}

// checkLocalAlias returns ErrInvalidParam unless alias is well formed and of this server (Appendices, Room Aliases).
func (r *Rooms) checkLocalAlias(alias string) error {
	if err := checkAlias(alias); err != nil {
		return err
	}
	if serverOf(alias) != r.server {
		return fmt.Errorf("alias of another server: %w", ErrInvalidParam)
	}
	return nil
}

func checkAlias(alias string) error {
	localpart, server, _ := strings.Cut(strings.TrimPrefix(alias, "#"), ":")
	if !strings.HasPrefix(alias, "#") || localpart == "" || server == "" || len(alias) > maxAlias ||
		strings.ContainsRune(alias, 0) || !utf8.ValidString(alias) {
		return fmt.Errorf("malformed alias: %w", ErrInvalidParam)
	}
	return nil
}

// DeleteAlias removes an alias of this server. Its creator may, and whoever may set the room's canonical alias; the empty
// user stands for the node itself. The room ceases to call itself by the alias where the user may say so. Errors:
// ErrNotFound, ErrForbidden.
func (r *Rooms) DeleteAlias(ctx context.Context, alias, user string) error {
	roomID, creator, err := r.loadAlias(ctx, alias)
	if err != nil {
		return err
	}
	if user != "" && user != creator {
		if err := r.mayName(ctx, roomID, user); err != nil {
			return err
		}
	}
	if err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return deleteAlias(tx, alias, roomID) }); err != nil {
		return err
	}
	if err := r.withdrawAlias(ctx, roomID, alias, user); err != nil {
		r.log.WithError(err).WithField("room_id", roomID).Info("a deleted alias stays in the room's state")
	}
	return nil
}

// withdrawAlias takes an alias out of the room's m.room.canonical_alias, if the user may change that.
func (r *Rooms) withdrawAlias(ctx context.Context, roomID, alias, user string) error {
	if user == "" || r.mayName(ctx, roomID, user) != nil {
		return nil
	}
	ev, err := r.StateEvent(ctx, roomID, "m.room.canonical_alias", "")
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	content, changed, err := withoutAlias([]byte(ev.Content().Raw), alias)
	if err != nil || !changed {
		return err
	}
	key := ""
	_, err = r.Send(ctx, SendRequest{RoomID: roomID, Sender: user, Type: "m.room.canonical_alias", StateKey: &key, Content: content})
	return err
}

// withoutAlias takes an alias out of the content of m.room.canonical_alias.
func withoutAlias(raw []byte, alias string) (content json.RawMessage, changed bool, err error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, false, fmt.Errorf("reading a canonical alias: %w", err)
	}
	var canonical string
	if json.Unmarshal(fields["alias"], &canonical) == nil && canonical == alias {
		delete(fields, "alias")
		changed = true
	}
	var others []string
	if json.Unmarshal(fields["alt_aliases"], &others) == nil && slices.Contains(others, alias) {
		others = slices.DeleteFunc(others, func(a string) bool { return a == alias })
		if fields["alt_aliases"], err = json.Marshal(others); err != nil {
			return nil, false, fmt.Errorf("encoding aliases: %w", err)
		}
		changed = true
	}
	if !changed {
		return nil, false, nil
	}
	content, err = json.Marshal(fields)
	return content, true, err
}

// mayName returns ErrForbidden unless the user may set the room's canonical alias: the right to name and list a room.
func (r *Rooms) mayName(ctx context.Context, roomID, user string) error {
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if snap == nil || snap.Membership(user) != "join" ||
		snap.PowerLevel(user) < snap.PowerToSend("m.room.canonical_alias", true) {
		return fmt.Errorf("naming or listing the room needs the power to set its canonical alias: %w", ErrForbidden)
	}
	return nil
}

// ResolveAlias returns the room of an alias and servers that know it, most useful first: from this node for its own
// aliases, otherwise from the alias' server. Errors: ErrInvalidParam, ErrNotFound, ErrUnreachable.
func (r *Rooms) ResolveAlias(ctx context.Context, alias string) (roomID string, servers []string, err error) {
	if err := checkAlias(alias); err != nil {
		return "", nil, err
	}
	if serverOf(alias) != r.server {
		return r.resolveRemoteAlias(ctx, alias)
	}
	roomID, _, err = r.loadAlias(ctx, alias)
	if err != nil {
		return "", nil, err
	}
	return roomID, r.serversFor(ctx, roomID), nil
}

func (r *Rooms) resolveRemoteAlias(ctx context.Context, alias string) (string, []string, error) {
	server := serverOf(alias)
	if r.remote == nil || !r.allow(server) {
		return "", nil, fmt.Errorf("resolving an alias of a server that is not allowed: %w", ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, remoteDirectory)
	defer cancel()
	roomID, servers, err := r.remote.Directory(ctx, server, alias)
	if err != nil {
		return "", nil, fmt.Errorf("asking the alias' server: %w", err)
	}
	if !strings.HasPrefix(roomID, "!") || len(roomID) > maxAlias {
		return "", nil, fmt.Errorf("the alias' server named no room: %w", ErrNotFound)
	}
	return roomID, servers[:min(len(servers), maxAliasServers)], nil
}

// serversFor lists servers of the room, this one first. A room without joined members has this one.
func (r *Rooms) serversFor(ctx context.Context, roomID string) []string {
	servers := []string{r.server}
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return servers
	}
	for _, server := range snap.Servers() {
		if len(servers) == maxAliasServers {
			break
		}
		if !slices.Contains(servers, server) {
			servers = append(servers, server)
		}
	}
	return servers
}

// LocalAliases returns the aliases of this server that point to the room, sorted, at most 1,000.
func (r *Rooms) LocalAliases(ctx context.Context, roomID string) ([]string, error) {
	return r.loadAliases(ctx, roomID, maxAliases)
}
