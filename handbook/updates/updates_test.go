package updates

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/handbook/bundle"
	"medixchange/handbook/editions"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb/sqldbtest"
)

const testEdition = "../site/testdata/edition"

// wire is the network between the hospitals of a test.
type wire struct {
	hospitals map[string]*hospital
	spoil     func(page string, answer []byte) ([]byte, error) // nil: all goes well
	asked     []int64                                          // the bytes from which parts were asked for
}

func (w *wire) answer(page string, raw []byte, err error) ([]byte, error) {
	if err != nil || w.spoil == nil {
		return raw, err
	}
	return w.spoil(page, raw)
}

func (w *wire) HandbookHead(ctx context.Context, server string, max int64) ([]byte, error) {
	raw, err := w.hospitals[server].HeadPage(ctx)
	return w.answer("head", raw, err)
}

func (w *wire) HandbookPart(ctx context.Context, server string, serial, from, max int64) ([]byte, error) {
	w.asked = append(w.asked, from)
	raw, err := w.hospitals[server].PartPage(ctx, serial, from)
	return w.answer("part", raw, err)
}

type hospital struct {
	*Updates
	store     *editions.Store
	shelf     *handbook.Shelf
	signer    *signing.Signer
	announced []string
}

func (w *wire) hospital(t testing.TB, name string, trusted ...Publisher) *hospital {
	t.Helper()
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	h := &hospital{signer: &signing.Signer{ServerName: name, Key: key}}
	clock := time.UnixMilli(1_700_000_000_000)
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	db, dir := sqldbtest.New(t), t.TempDir()
	h.store = editions.New(editions.Options{
		DB: db, Dir: filepath.Join(dir, "editions"), Program: os.DirFS(testEdition), Now: now, Log: sqldbtest.Quiet(),
		Switched: func(e *handbook.Edition) { h.shelf.Show(e) },
	})
	h.shelf = handbook.NewShelfOf(h.store.Read, now)
	h.Updates = New(Options{
		DB: db, Editions: h.store, Remote: w, Dir: filepath.Join(dir, "bundles"), Self: name, Signer: h.signer, Trusted: trusted, Mode: Stage, Now: now,
		Key: func(_ context.Context, server, keyID string, _ int64) (ed25519.PublicKey, error) {
			other, ok := w.hospitals[server]
			if !ok || other.signer.Key.ID != keyID {
				return nil, fmt.Errorf("no such key: %w", signing.ErrSignature)
			}
			return other.signer.Key.Public(), nil
		},
		Announce: func(_ context.Context, stateKey string, content json.RawMessage) error {
			h.announced = append(h.announced, stateKey+" "+string(content))
			return nil
		},
		Log: sqldbtest.Quiet(),
	})
	w.hospitals[name] = h
	return h
}

func newWire() *wire { return &wire{hospitals: map[string]*hospital{}} }

// edition writes the test's edition under another name, with so many bytes of images.
func edition(t testing.TB, name string, images int) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(testEdition)))
	plan, err := os.ReadFile(folder + "/book.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(folder+"/book.yaml", []byte(strings.Replace(string(plan), `edition: "1"`, fmt.Sprintf("edition: %q", name), 1)), 0o600))
	if images > 0 {
		require.NoError(t, os.MkdirAll(folder+"/images", 0o700))
		noise := make([]byte, images)
		state := uint32(1)
		for i := range noise { // what cannot be compressed
			state = state*1664525 + 1013904223
			noise[i] = byte(state >> 24)
		}
		require.NoError(t, os.WriteFile(folder+"/images/noise.png", noise, 0o600))
	}
	return folder
}

func (h *hospital) publishes(t testing.TB, name string, images int) Head {
	t.Helper()
	e, err := h.store.Install(t.Context(), os.DirFS(edition(t, name, images)), editions.Origin{Kind: editions.Editor})
	require.NoError(t, err)
	require.NoError(t, h.store.Activate(t.Context(), e.Mark, "editor"))
	head, err := h.Publish(t.Context(), e.Mark)
	require.NoError(t, err)
	return head
}

func (h *hospital) shows(t testing.TB) string {
	t.Helper()
	e, err := h.shelf.Edition()
	require.NoError(t, err)
	return e.Edition
}

func TestAnEditionGoesFromOneHospitalToAnother(t *testing.T) {
	w := newWire()
	a, b := w.hospital(t, "a.example"), w.hospital(t, "b.example", Publisher{Server: "a.example"})
	head := a.publishes(t, "two", 0)
	require.Len(t, a.announced, 1)
	require.Contains(t, a.announced[0], head.Mark)

	out, err := b.Fetch(t.Context(), "a.example")
	require.NoError(t, err)
	require.True(t, out.New)
	require.False(t, out.Activated)
	require.Equal(t, editions.Origin{Kind: editions.Server, From: "a.example", Publisher: "a.example", Serial: 1}, out.Edition.Origin)
	require.Equal(t, "1", b.shows(t), "staged")
	require.NoError(t, b.store.Activate(t.Context(), head.Mark, "administrator"))
	require.Equal(t, "two", b.shows(t))

	again, err := b.Fetch(t.Context(), "a.example")
	require.NoError(t, err)
	require.False(t, again.New)
	_, err = a.Publish(t.Context(), head.Mark)
	require.NoError(t, err)
	require.Len(t, a.announced, 2, "announced again, and not signed anew")
	next := a.publishes(t, "three", 0)
	require.EqualValues(t, 2, next.Serial)
}

func TestEditionsAreAppliedUnlessPinnedOrTheHospitalsOwn(t *testing.T) {
	w := newWire()
	a, b := w.hospital(t, "a.example"), w.hospital(t, "b.example", Publisher{Server: "a.example"})
	b.o.Mode = Apply
	fetch := func() Outcome {
		out, err := b.Fetch(t.Context(), "a.example")
		require.NoError(t, err)
		return out
	}
	first := a.publishes(t, "two", 0)
	require.True(t, fetch().Activated, "in the place of the program's")
	require.Equal(t, "two", b.shows(t))
	require.NoError(t, b.store.Pin(t.Context(), first.Mark, true))
	a.publishes(t, "three", 0)
	out := fetch()
	require.False(t, out.Activated)
	require.NotEmpty(t, out.Staged)
	require.NoError(t, b.store.Pin(t.Context(), first.Mark, false))
	a.publishes(t, "four", 0)
	require.True(t, fetch().Activated)

	own, err := b.store.Install(t.Context(), os.DirFS(edition(t, "own", 0)), editions.Origin{Kind: editions.Editor})
	require.NoError(t, err)
	require.NoError(t, b.store.Activate(t.Context(), own.Mark, "editor"))
	a.publishes(t, "five", 0)
	out = fetch()
	require.False(t, out.Activated)
	require.NotEmpty(t, out.Staged)
	require.Equal(t, "own", b.shows(t))
}

func TestAForgedAnOlderOrAStrangersEditionIsRefused(t *testing.T) {
	w := newWire()
	a, b := w.hospital(t, "a.example"), w.hospital(t, "b.example", Publisher{Server: "a.example"})
	thief := w.hospital(t, "c.example")
	_, err := b.Fetch(t.Context(), "c.example")
	require.ErrorIs(t, err, ErrUntrusted)

	file := func(signer *signing.Signer, name string, serial int64) []byte {
		raw, _, err := bundle.Write(os.DirFS(edition(t, name, 0)), bundle.Signing{Publisher: "a.example", Key: signer.Key, Serial: serial})
		require.NoError(t, err)
		return raw
	}
	thief.signer.Key.ID = a.signer.Key.ID
	_, err = b.TakeFile(t.Context(), file(thief.signer, "forged", 9))
	require.ErrorIs(t, err, ErrSignature)
	out, err := b.TakeFile(t.Context(), file(a.signer, "two", 2))
	require.NoError(t, err)
	require.Equal(t, editions.Bundle, out.Edition.Origin.Kind)
	_, err = b.TakeFile(t.Context(), file(a.signer, "one", 1))
	require.ErrorIs(t, err, editions.ErrOlder)
	_, err = b.TakeFile(t.Context(), file(a.signer, "another two", 2))
	require.ErrorIs(t, err, editions.ErrFork)
	a.publishes(t, "one again", 0)
	_, err = b.Fetch(t.Context(), "a.example")
	require.ErrorIs(t, err, editions.ErrOlder, "its number 1 comes after number 2 of another way")
	all, err := b.store.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
}

func TestEditorsKeysThatAreNamedMustHaveSigned(t *testing.T) {
	w := newWire()
	editor, err := signing.GenerateKey()
	require.NoError(t, err)
	named := Publisher{Server: "a.example", Keys: map[string]ed25519.PublicKey{editor.ID: editor.Public()}}
	a, b := w.hospital(t, "a.example", named), w.hospital(t, "b.example", named)
	a.publishes(t, "two", 0)
	_, err = b.Fetch(t.Context(), "a.example")
	require.ErrorIs(t, err, ErrSignature, "the server's key is not enough")

	file, _, err := bundle.Write(os.DirFS(edition(t, "three", 0)), bundle.Signing{Publisher: "a.example", Key: editor, Serial: 2})
	require.NoError(t, err)
	head, err := a.PublishFile(t.Context(), file)
	require.NoError(t, err)
	require.EqualValues(t, 2, head.Serial)
	out, err := b.Fetch(t.Context(), "a.example")
	require.NoError(t, err)
	require.Equal(t, "three", out.Edition.Name)
	_, err = b.PublishFile(t.Context(), file)
	require.ErrorIs(t, err, ErrUntrusted, "it is not b's to publish")
}

func TestFetchingGoesOnWhereItWasBrokenOff(t *testing.T) {
	w := newWire()
	a, b := w.hospital(t, "a.example"), w.hospital(t, "b.example", Publisher{Server: "a.example"})
	a.publishes(t, "large", 700<<10)
	parts := 0
	w.spoil = func(page string, answer []byte) ([]byte, error) {
		if parts++; page == "part" && parts == 3 {
			return nil, errors.New("the connection broke")
		}
		return answer, nil
	}
	_, err := b.Fetch(t.Context(), "a.example")
	require.ErrorContains(t, err, "the connection broke")
	_, err = b.Fetch(t.Context(), "a.example")
	require.NoError(t, err)
	require.Equal(t, []int64{0, partBytes, partBytes, 2 * partBytes}, w.asked)
	left, err := filepath.Glob(b.partialPaths("a.example") + "*")
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWhatAnotherServerAnswersWronglyIsRefusedAndNothingIsKept(t *testing.T) {
	for name, spoil := range map[string]func(page string, answer []byte) ([]byte, error){
		"no JSON": func(string, []byte) ([]byte, error) { return []byte("<html>"), nil },
		"a huge edition": func(page string, answer []byte) ([]byte, error) {
			return []byte(strings.Replace(string(answer), `"size":`, `"size":99999999`, 1)), nil
		},
		"another publisher": func(page string, answer []byte) ([]byte, error) {
			return []byte(strings.Replace(string(answer), `"a.example"`, `"c.example"`, 1)), nil
		},
		"other bytes": func(page string, answer []byte) ([]byte, error) {
			var p Part
			if page != "part" || json.Unmarshal(answer, &p) != nil {
				return answer, nil
			}
			p.Data[100]++
			return json.Marshal(p)
		},
		"nothing": func(page string, answer []byte) ([]byte, error) {
			if page == "head" {
				return answer, nil
			}
			return json.Marshal(Part{Serial: 1})
		},
		"another serial": func(page string, answer []byte) ([]byte, error) {
			return []byte(strings.Replace(string(answer), `"serial":1`, `"serial":2`, 1)), nil
		},
	} {
		w := newWire()
		a, b := w.hospital(t, "a.example"), w.hospital(t, "b.example", Publisher{Server: "a.example"})
		a.publishes(t, "two", 0)
		w.spoil = spoil
		_, err := b.Fetch(t.Context(), "a.example")
		require.Error(t, err, name)
		all, err := b.store.List(t.Context())
		require.NoError(t, err)
		require.Empty(t, all, name)
	}
}

func TestOldBundlesAreNotGivenForEver(t *testing.T) {
	w := newWire()
	a := w.hospital(t, "a.example")
	for i := range keptPublished + 2 {
		a.publishes(t, fmt.Sprint("edition ", i), 0)
	}
	_, err := a.PartPage(t.Context(), 1, 0)
	require.Error(t, err)
	_, err = a.PartPage(t.Context(), 3, 0)
	require.NoError(t, err)
	left, err := filepath.Glob(filepath.Join(a.o.Dir, "published-*"))
	require.NoError(t, err)
	require.Len(t, left, keptPublished)
}

func TestWhatIsAnnouncedIsFetchedAndStrangersAreNotAsked(t *testing.T) {
	w := newWire()
	a, b := w.hospital(t, "a.example"), w.hospital(t, "b.example", Publisher{Server: "a.example"})
	head := a.publishes(t, "two", 0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go b.Run(ctx)
	b.Hinted("c.example") // would be no hospital of the wire
	b.Hinted("a.example")
	require.Eventually(t, func() bool {
		_, err := b.store.Find(t.Context(), head.Mark)
		return err == nil
	}, time.Minute, 10*time.Millisecond)
}
