package node

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"medixchange/handbook/updates"
	"medixchange/internal/config"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// buildUpdates builds what publishes editions of the handbook and fetches those of others.
func (n *Node) buildUpdates(o Options) error {
	c := n.Config.Handbook.Updates
	options := updates.Options{
		DB: n.DB, Editions: n.editions, Remote: n.remote, Dir: filepath.Join(n.Config.DataDir, "handbook", "bundles"),
		Self: n.Config.ServerName, Signer: n.signer, Mode: updates.Mode(c.Mode), Now: o.Now, Log: n.part("handbook"),
		Key: func(ctx context.Context, server, keyID string, ts int64) (ed25519.PublicKey, error) {
			return n.remote.Keys().Key(ctx, server, keyID, ts, true)
		},
	}
	for _, p := range c.Trusted {
		publisher := updates.Publisher{Server: p.Server, Keys: map[string]ed25519.PublicKey{}}
		for _, text := range p.Keys {
			id, key, err := config.ParsePublicKey(text)
			if err != nil {
				return fmt.Errorf("handbook.updates.trusted: %w", err)
			}
			publisher.Keys[id] = key
		}
		options.Trusted = append(options.Trusted, publisher)
	}
	if c.AnnounceAs != "" {
		options.Announce = n.announceEdition
	}
	n.updates = updates.New(options)
	return nil
}

// announceEdition writes the state event by which others hear of an edition.
func (n *Node) announceEdition(ctx context.Context, stateKey string, content json.RawMessage) error {
	c := n.Config.Handbook.Updates
	_, err := n.Rooms.Send(ctx, rooms.SendRequest{
		RoomID: c.Room, Sender: c.AnnounceAs, Type: updates.EventType, StateKey: &stateKey, Content: content,
	})
	return err
}

// hearEditions follows the room where publishers announce their editions, until ctx ends.
func (n *Node) hearEditions(ctx context.Context) error {
	room := n.Config.Handbook.Updates.Room
	return n.Hub.Follow(ctx, "handbook.updates", stream.FollowOptions{Start: n.Hub.Position(), Gather: stream.Unhurried}, func(ctx context.Context, from, upto int64) error {
		changes, err := n.Rooms.StateChanges(ctx, updates.EventType, from, upto)
		if err != nil {
			return err
		}
		for _, change := range changes {
			if change.RoomID == room {
				n.updates.Hinted(change.StateKey)
			}
		}
		return nil
	})
}

// takesUpdates reports whether this node takes editions of other servers.
func (n *Node) takesUpdates() bool {
	return slices.ContainsFunc(n.Config.Handbook.Updates.Trusted, func(p config.HandbookPublisher) bool { return p.Server != n.Config.ServerName })
}
