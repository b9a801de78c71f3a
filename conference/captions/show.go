package captions

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"medixchange/conference/manifest"
	"medixchange/internal/markup"
	"medixchange/rooms"
)

//go:embed strings/*.yaml
var stringFiles embed.FS

var words = markup.NewCatalogue(stringFiles, "strings")

// Utterance is what somebody said in one go. Start and End are milliseconds of the recording.
type Utterance struct {
	ID          string `json:"id"`
	UserID      string `json:"user_id"`
	Start       int64  `json:"start"`
	End         int64  `json:"end"`
	Lang        string `json:"lang"`
	Text        string `json:"text"`
	Engine      string `json:"engine"`
	CorrectedBy string `json:"corrected_by,omitempty"`
	CorrectedTS int64  `json:"corrected_ts,omitempty"`
}

// maxShown bounds the utterances of one answer, and showBudget how long it translates; what is not translated by then is shown in
// the original, and translated for the next one who asks.
const (
	maxShown   = 20_000
	showBudget = 15 * time.Second
)

// Transcript gives who said what when, as JSON. rooms.ErrNotFound where nothing is written down.
func (s *Service) Transcript(ctx context.Context, id string) ([]byte, error) {
	all, err := s.utterances(ctx, id)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"utterances": all})
	return body, wrap(err, "encoding a transcript")
}

// VTT gives the captions in a language as WebVTT. rooms.ErrNotFound where nothing is written down.
func (s *Service) VTT(ctx context.Context, id, lang string) ([]byte, error) {
	all, err := s.utterances(ctx, id)
	if err != nil {
		return nil, err
	}
	m := s.manifestOf(id)
	names, rule := namesIn(m), s.o.Rule(ctx, m.RoomID)
	limited, cancel := context.WithTimeout(ctx, showBudget)
	defer cancel()
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for _, u := range all {
		text, _, err := s.inLanguage(limited, id, u, lang, rule)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			text = words.Of(lang).Text("pending", "text", u.Text)
		}
		name := names[u.UserID]
		if name == "" {
			name = u.UserID
		}
		fmt.Fprintf(&b, "\n%s\n%s --> %s\n<v %s>%s\n", u.ID, stamp(u.Start), stamp(max(u.End, u.Start+1)), escape(name), escape(text))
	}
	return []byte(b.String()), nil
}

func (s *Service) utterances(ctx context.Context, id string) ([]*Utterance, error) {
	if !manifest.ValidID(id) {
		return nil, rooms.ErrNotFound
	}
	all, err := s.list(ctx, id)
	if err == nil && len(all) == 0 {
		return nil, rooms.ErrNotFound
	}
	return all, err
}

// manifestOf is what a recording says of itself, also while it goes on; empty when it cannot be read, as that of a room that nobody
// knows, where nothing is translated.
func (s *Service) manifestOf(id string) *manifest.Manifest {
	folder := s.path(Place{ID: id})
	if m, err := manifest.Read(folder); err == nil {
		return m
	}
	if m, err := manifest.FromFolder(folder); err == nil {
		return m
	}
	return &manifest.Manifest{}
}

// namesIn are what the participants of a recording are called.
func namesIn(m *manifest.Manifest) map[string]string {
	names := map[string]string{}
	for _, p := range m.Participants {
		names[p.UserID] = p.Name
	}
	return names
}

// inLanguage returns an utterance as readers of a language see it: what was said, or its translation with a mark. What the checks
// doubt stands beside the original; what they block is not shown. kept is [Translation].Kept.
func (s *Service) inLanguage(ctx context.Context, id string, u *Utterance, lang string, rule Rule) (text string, kept []string, err error) {
	if lang == "" || base(lang) == base(u.Lang) || strings.TrimSpace(u.Text) == "" {
		return u.Text, nil, nil
	}
	t, err := s.translation(ctx, id, u, lang, rule)
	if err != nil {
		return "", nil, err
	}
	w := words.Of(lang)
	switch t.Verdict {
	case Pass:
		return w.Text("pass", "text", t.Text), nil, nil
	case Warn:
		return w.Text("warn", "text", t.Text, "original", u.Text), nil, nil
	case Block:
		return strings.TrimSpace(w.Text("block", "original", u.Text) + "\n" + t.Text), nil, nil
	}
	return w.Text("none", "original", u.Text), t.Kept, nil
}

// translation returns the kept translation of an utterance, or makes it as far as the room's rule lets it. That the rule lets it
// not, or not with the engines that could, is not kept: it may be another one later. Nor is that there is no engine.
func (s *Service) translation(ctx context.Context, id string, u *Utterance, lang string, rule Rule) (Translation, error) {
	hash := hashOf(u)
	kept, ok, err := s.kept(ctx, id, u.ID, lang, hash)
	if err != nil || ok {
		return kept, err
	}
	if s.o.Translator == nil || !rule.Translate {
		return Translation{Verdict: None}, nil
	}
	t, err := s.o.Translator.Translate(ctx, Request{Text: u.Text, From: u.Lang, To: lang, Local: rule.Local})
	if err != nil {
		return t, wrap(err, "translating an utterance")
	}
	if t.Verdict == None {
		t.Text = ""
	}
	s.metrics.translations.WithLabelValues(t.Verdict).Inc()
	if t.Verdict == None && (rule.Local || t.Later) {
		return t, nil
	}
	return t, s.keep(ctx, id, u.ID, lang, hash, t)
}

// hashForm changes with what a kept translation holds, so that those of earlier versions are made anew.
const hashForm = "2\x00"

func hashOf(u *Utterance) string {
	sum := sha256.Sum256([]byte(hashForm + u.Lang + "\x00" + u.Text))
	return hex.EncodeToString(sum[:])
}

func base(lang string) string {
	lang, _, _ = strings.Cut(strings.ToLower(lang), "-")
	return lang
}

// stamp writes a time of WebVTT.
func stamp(ms int64) string {
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}

var escaping = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r\n", " ", "\r", " ", "\n", " ", "\x00", "")

// escape makes text of a cue of it that holds no tags, no end of a cue and no arrow.
func escape(text string) string { return strings.TrimSpace(escaping.Replace(text)) }

func digits(ms int64) string { return fmt.Sprintf("%09d", ms) }

// compareNames orders utterances by when they began.
func compareNames(a, b string) int {
	_, fromA, _, _ := manifest.ParseSpeechName(a)
	_, fromB, _, _ := manifest.ParseSpeechName(b)
	if fromA != fromB {
		return int(fromA - fromB)
	}
	return strings.Compare(a, b)
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
