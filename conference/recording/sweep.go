package recording

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"medixchange/conference/manifest"
	"medixchange/internal/pace"
	"medixchange/internal/web"
)

// sweepEvery is how often what is too old is looked for.
const sweepEvery = time.Hour

// byRetention is who deletes what is too old.
const byRetention = "retention"

func (s *Service) sweepAll(ctx context.Context) {
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.WithError(err).Error("old recordings cannot be deleted, the next hour tries again")
		}
		if !pace.Pause(ctx, sweepEvery) {
			return
		}
	}
}

// Sweep deletes what is older than the retention allows and nobody holds, and what is left of deletions that were cut off.
func (s *Service) Sweep(ctx context.Context) error {
	deleted, err := s.byState(ctx, manifest.StateDeleted)
	if err != nil {
		return err
	}
	for _, rec := range deleted {
		if err := s.wipe(ctx, rec); err != nil {
			return err
		}
	}
	keep := s.o.Config.Retention.Std()
	if keep <= 0 {
		return nil
	}
	old, err := s.expired(ctx, s.o.Now().Add(-keep).UnixMilli())
	if err != nil {
		return err
	}
	for _, rec := range old {
		if err := s.Delete(ctx, rec.ID, byRetention, "kept for "+s.o.Config.Retention.String()); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes the files of a recording and leaves a tombstone. Errors: *web.Error for one that is not there, runs, or is held.
func (s *Service) Delete(ctx context.Context, id, by, reason string) error {
	rec, err := s.known(ctx, id)
	if err != nil {
		return err
	}
	done, err := s.markDeleted(ctx, id, by, reason, s.o.Now().UnixMilli())
	if err != nil {
		return err
	}
	if !done {
		return web.NewError(http.StatusConflict, "M_FORBIDDEN", "%s", whyNot(rec))
	}
	s.metrics.deleted.Inc()
	s.note(ctx, by, "delete", id, reason)
	if rec, err = s.known(ctx, id); err != nil {
		return err
	}
	return s.wipe(ctx, rec)
}

func whyNot(rec *Recording) string {
	switch {
	case rec.State == manifest.StateDeleted:
		return "The recording was deleted already."
	case rec.HeldBy != "":
		return "The recording is on legal hold: release it first."
	}
	return "The recording is not finished yet."
}

// wipe removes everything of a deleted recording but the tombstone. It is repeated until it is done.
func (s *Service) wipe(ctx context.Context, rec *Recording) error {
	entries, err := os.ReadDir(s.folder(rec.ID))
	if errors.Is(err, fs.ErrNotExist) {
		return s.writeManifest(rec.ID, tombstone(rec))
	}
	if err != nil {
		return wrap(err, "reading the folder of a recording")
	}
	if m, err := manifest.Read(s.folder(rec.ID)); err == nil && m.State == manifest.StateDeleted && len(entries) == 1 {
		return nil
	}
	if err := s.writeManifest(rec.ID, tombstone(rec)); err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == manifest.File {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.folder(rec.ID), entry.Name())); err != nil {
			return wrap(err, "deleting a recording")
		}
	}
	if s.o.Gone != nil {
		return s.o.Gone(ctx, rec.ID)
	}
	return nil
}

// tombstone says that there was a recording and where it went; nobody is named who was in it.
func tombstone(rec *Recording) *manifest.Manifest {
	return &manifest.Manifest{
		Format: manifest.Format, ID: rec.ID, RoomID: rec.RoomID, SlotID: rec.SlotID, By: rec.By, StartedTS: rec.StartedTS, EndedTS: rec.EndedTS,
		State: manifest.StateDeleted, Reason: rec.Reason, Consent: rec.Consent, Consents: []manifest.Consent{},
		Participants: []manifest.Participant{}, Tracks: []manifest.Track{}, Chapters: []manifest.Chapter{},
	}
}

func (s *Service) writeManifest(id string, m *manifest.Manifest) error {
	if err := os.MkdirAll(s.folder(id), 0o700); err != nil {
		return wrap(err, "making the folder of a recording")
	}
	return manifest.Write(s.folder(id), m)
}

// Hold keeps a recording from being deleted until it is released.
func (s *Service) Hold(ctx context.Context, id, by, reason string) error {
	if _, err := s.known(ctx, id); err != nil {
		return err
	}
	if err := s.setHold(ctx, id, by, reason, s.o.Now().UnixMilli()); err != nil {
		return err
	}
	s.note(ctx, by, "hold", id, reason)
	return nil
}

// Release ends a hold.
func (s *Service) Release(ctx context.Context, id, by string) error {
	if _, err := s.known(ctx, id); err != nil {
		return err
	}
	if err := s.setHold(ctx, id, "", "", 0); err != nil {
		return err
	}
	s.note(ctx, by, "release", id, "")
	return nil
}

// known returns a recording that there is. No other name reaches a path.
func (s *Service) known(ctx context.Context, id string) (*Recording, error) {
	if !manifest.ValidID(id) {
		return nil, web.NotFound("There is no such recording.")
	}
	rec, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, web.NotFound("There is no such recording.")
	}
	return rec, nil
}
