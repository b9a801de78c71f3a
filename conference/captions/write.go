package captions

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"medixchange/conference/manifest"
	"medixchange/internal/pace"
)

const (
	// tries is how often the recogniser is asked for an utterance at a time, with a pause that doubles between.
	tries      = 3
	firstPause = 2 * time.Second
	// maxText bounds what is believed of one utterance, in bytes.
	maxText = 4000
)

// attend writes an utterance down and tells everybody. Its file goes when there is nothing more to be had of it.
func (s *Service) attend(ctx context.Context, j job) {
	defer s.attended(j)
	track, from, to, ok := manifest.ParseSpeechName(j.file)
	if !ok || !manifest.ValidID(j.place.ID) {
		return // no name of ours
	}
	rule := s.o.Rule(ctx, j.place.RoomID)
	if !rule.Recognise { // its file stays: the rule may be another one when the recording has ended
		s.metrics.utterances.WithLabelValues("off").Inc()
		return
	}
	path := s.path(j.place, manifest.SpeechFolder, j.file)
	log := s.o.Log.WithField("recording", j.place.ID)
	said, err := s.recognise(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return // written down before, or deleted
	case errors.Is(err, ErrNothing):
		s.metrics.utterances.WithLabelValues("nothing").Inc()
		s.done(path)
		return
	case err != nil:
		s.metrics.utterances.WithLabelValues("failed").Inc()
		log.WithError(err).Warn("an utterance is not written down yet")
		return
	}
	userID, err := s.speaker(j.place, track)
	if err != nil {
		log.WithError(err).Warn("nobody knows who speaks")
		return
	}
	u := &Utterance{ID: track + "-" + digits(from), UserID: userID, Start: from, End: to, Lang: said.Language, Text: cut(said.Text), Engine: "speech"}
	if err := s.insert(ctx, j.place.ID, u); err != nil {
		log.WithError(err).Error("an utterance cannot be stored")
		return
	}
	s.metrics.utterances.WithLabelValues("written").Inc()
	s.done(path)
	s.tell(ctx, j.place, u, rule)
}

func (s *Service) done(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.o.Log.WithError(err).Warn("the sound of an utterance cannot be removed")
	}
}

func (s *Service) recognise(ctx context.Context, path string) (said Said, err error) {
	pause := firstPause
	for try := range tries {
		if try > 0 && !pace.Pause(ctx, pause<<(try-1)) {
			return said, ctx.Err()
		}
		said, err = s.o.Recogniser.Recognise(ctx, path)
		if err == nil || errors.Is(err, ErrNothing) || errors.Is(err, fs.ErrNotExist) {
			return said, err
		}
	}
	return said, err
}

// speaker returns whose track it is.
func (s *Service) speaker(place Place, track string) (string, error) {
	m, err := manifest.FromFolder(s.path(place))
	if err != nil {
		return "", err
	}
	for _, t := range m.Tracks {
		if t.ID == track {
			return t.UserID, nil
		}
	}
	return "", errors.New("the track is not in the manifest")
}

// tell gives an utterance to those in the call, in the languages that they read, and tells who is to know what was kept of it.
func (s *Service) tell(ctx context.Context, place Place, u *Utterance, rule Rule) {
	live := Live{ID: u.ID, UserID: u.UserID, Start: u.Start, End: u.End, Lang: u.Lang, Text: u.Text, Texts: map[string]string{}, Final: true}
	var kept []string
	for _, lang := range s.o.Languages(ctx, place.RoomID) {
		text, keptOf, err := s.inLanguage(ctx, place.ID, u, lang, rule)
		if err != nil {
			s.o.Log.WithError(err).WithField("recording", place.ID).Warn("an utterance is not translated yet")
			continue
		}
		live.Texts[lang] = text
		if len(kept) == 0 {
			kept = keptOf
		}
	}
	if s.o.Broadcast != nil {
		s.o.Broadcast(ctx, place, live)
	}
	if len(kept) > 0 && s.o.Kept != nil {
		s.o.Kept(ctx, place, u.UserID, kept)
	}
}

// Ended writes down what was left over when a recording ended, such as while the recogniser could not be reached, or was not to
// hear the room.
func (s *Service) Ended(ctx context.Context, place Place) error {
	if !manifest.ValidID(place.ID) {
		return errors.New("this is no recording")
	}
	entries, err := os.ReadDir(s.path(place, manifest.SpeechFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return wrap(err, "looking for utterances")
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return compareNames(a.Name(), b.Name()) })
	for _, entry := range entries {
		s.Said(place, entry.Name())
	}
	return nil
}

// Gone forgets what was said in a recording that was deleted.
func (s *Service) Gone(ctx context.Context, id string) error { return s.forget(ctx, id) }

func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for end > 0 && text[end]&0xC0 == 0x80 {
		end--
	}
	return text[:end]
}
