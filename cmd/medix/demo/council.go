package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"medixchange/admin"
	"medixchange/alliance"
	"medixchange/alliance/signed"
	"medixchange/internal/signing"
)

// council is the coordinators of the demonstration's alliance, two of whom must agree. Their keys are in files that no hospital
// reads.
type council struct {
	dir     string
	file    string // the charter, as administrators get it
	keys    map[string]signing.Key
	charter *signed.Charter
	list    *signed.MemberList
}

const listLasts = 24 * time.Hour

// newCouncil founds the alliance.
func newCouncil(dir string) (*council, error) {
	c := &council{dir: dir, file: filepath.Join(dir, "charter.json"), keys: map[string]signing.Key{}}
	draft := &signed.Charter{Alliance: "demo.example", Version: 1, IssuedTS: time.Now().UnixMilli(), Threshold: 2, Rehearsal: true}
	for _, id := range []string{"ana", "bo", "chen"} {
		key, err := signing.GenerateKey()
		if err != nil {
			return nil, err
		}
		c.keys[id] = key
		if err := signing.StoreKey(c.keyFile(id), key); err != nil {
			return nil, err
		}
		draft.Coordinators = append(draft.Coordinators, signed.Coordinator{
			ID: id, Name: "Coordinator " + id, KeyID: key.ID, Key: signing.EncodeBase64(key.Public()),
		})
	}
	raw, err := draft.Draft()
	if err != nil {
		return nil, err
	}
	if raw, err = c.sign(raw, "ana", "bo"); err != nil {
		return nil, err
	}
	if c.charter, err = signed.ReadCharter(raw); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.file, raw, 0o600); err != nil {
		return nil, fmt.Errorf("writing the charter: %w", err)
	}
	return c, nil
}

// keyFile is where a coordinator's key is.
func (c *council) keyFile(id string) string { return filepath.Join(c.dir, id+".key") }

func (c *council) sign(raw []byte, ids ...string) ([]byte, error) {
	for _, id := range ids {
		var err error
		if raw, err = signed.Sign(raw, id, c.keys[id]); err != nil {
			return nil, err
		}
	}
	return raw, nil
}

// admit makes the next member list with one hospital more, signed by some.
func (c *council) admit(h *hospital, country string, ids ...string) (*signed.MemberList, error) {
	next := c.list.Next(c.charter, time.Now(), listLasts)
	next.Put(signed.Hospital{
		ServerName: h.name, LegalName: "Demonstration " + h.title, Country: country, Kind: signed.KindHospital, Status: signed.Admitted,
		JoinedTS: time.Now().UnixMilli(),
	})
	raw, err := next.Draft()
	if err != nil {
		return nil, err
	}
	if raw, err = c.sign(raw, ids...); err != nil {
		return nil, err
	}
	return signed.ReadMembers(raw)
}

// publish hands a list to a hospital, as its administrator would.
func (c *council) publish(ctx context.Context, at *hospital, list *signed.MemberList) error {
	client := admin.NewClient(filepath.Join(at.dir, "admin.sock"))
	var taken alliance.Taken
	if err := client.Call(ctx, http.MethodPost, alliance.PathDocuments, json.RawMessage(list.Raw()), &taken); err != nil {
		return err
	}
	c.list = list
	return nil
}

// reached waits until a hospital has a list.
func (c *council) reached(ctx context.Context, at *hospital, hash string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	client := admin.NewClient(filepath.Join(at.dir, "admin.sock"))
	for {
		var s alliance.Standing
		if err := client.Call(ctx, http.MethodGet, alliance.PathStatus, nil, &s); err != nil {
			return err
		}
		if s.MembersHash == hash {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not have the member list: %w", at.title, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}
