package captions

import (
	"context"
	"strings"

	"medixchange/conference/manifest"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// Correct replaces what was understood of an utterance. What stood there before is kept, with who changed it and when. The caller has
// seen to it that the user may see the recording. Errors: rooms.ErrNotFound, *web.Error.
func (s *Service) Correct(ctx context.Context, id, utterance, userID, text string) error {
	text = strings.TrimSpace(text)
	switch {
	case !manifest.ValidID(id):
		return rooms.ErrNotFound
	case text == "":
		return web.MissingParam("text")
	case len(text) > maxText:
		return web.TooLarge("An utterance has %d bytes at most.", maxText)
	}
	if err := s.correct(ctx, id, utterance, userID, text, s.o.Now().UnixMilli()); err != nil {
		return err
	}
	return wrap(s.o.Audit.Add(ctx, userID, "correct", id, utterance), "noting a correction")
}

// Correction is one change of an utterance.
type Correction struct {
	TS     int64  `json:"ts"`
	UserID string `json:"user_id"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// maxCorrections bounds those of one utterance that are read.
const maxCorrections = 1000

// Corrections returns the changes of an utterance, the first one first.
func (s *Service) Corrections(ctx context.Context, id, utterance string) ([]Correction, error) {
	return s.corrections(ctx, id, utterance)
}
