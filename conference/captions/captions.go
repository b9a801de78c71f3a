package captions

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/conference/audit"
	"medixchange/internal/sqldb"
)

// Said is what a recogniser understood.
type Said struct{ Text, Language string } // Language "" where it does not say

// ErrNothing is a recogniser's error for what it will never understand: noise, or a language that it does not know.
var ErrNothing = errors.New("nothing was understood")

// Recogniser writes speech down. file is Ogg/Opus.
type Recogniser interface {
	Recognise(ctx context.Context, file string) (Said, error)
}

// Verdicts of a translation.
const (
	Pass  = "pass"
	Warn  = "warn"
	Block = "block"
	None  = "none" // there is no translation
)

// Translation is what the translator made of an utterance. Text is the translation, with what is doubtful in it before, and doses
// and the like as they were said behind it, a line each; where Verdict is Block only these two, where it is None nothing.
type Translation struct {
	Text    string
	Verdict string
	Engine  string
	// Kept are what the utterance seems to tell of a patient, where engines of others did not get it for that and no other has
	// translated it. They are not stored.
	Kept []string
	// Later says that there is no engine for the languages now, as while a node begins, and may be one later.
	Later bool
}

// Request is what is to be translated.
type Request struct {
	Text, From, To string
	Local          bool // only engines of this machine may see it
}

// Translator puts a text into a language, and checks it. An error is one that may pass; what cannot be translated is None.
type Translator interface {
	Translate(ctx context.Context, r Request) (Translation, error)
}

// Rule is what a room's moderators let be done with what is said there.
type Rule struct {
	Recognise bool // the recogniser may hear it
	Translate bool // engines may see it
	Local     bool // engines of this machine only
}

// Vault seals what the database keeps of translations. place says where a text is kept: it opens nowhere else.
type Vault interface {
	SealText(text, place string) string
	OpenText(stored, place string) (string, error)
}

// Place is the recording of an utterance.
type Place struct{ ID, RoomID, SlotID string }

// Live is an utterance as those in the call get it.
type Live struct {
	ID     string            `json:"id"`
	UserID string            `json:"user_id"`
	Start  int64             `json:"start"`
	End    int64             `json:"end"`
	Lang   string            `json:"lang"`
	Text   string            `json:"text"`
	Texts  map[string]string `json:"texts"` // by language, with their marks
	Final  bool              `json:"final"`
}

// Options of a Service. Every field without "optional" is needed.
type Options struct {
	Folder     string // of the recordings
	Recogniser Recogniser
	Translator Translator // optional: nothing is translated
	// Rule says what holds in a room now.
	Rule  func(ctx context.Context, roomID string) Rule
	Vault Vault // of translations; optional without a Translator
	// Languages are those that the members of a room read, as far as this node knows.
	Languages func(ctx context.Context, roomID string) []string
	// Broadcast tells those in the call of an utterance; optional.
	Broadcast func(ctx context.Context, place Place, u Live)
	// Kept is told of a speaker whose words, just said, were not translated, see [Translation].Kept; optional.
	Kept func(ctx context.Context, place Place, userID string, kinds []string)
	// Workers bounds the utterances that are written down at a time.
	Workers    int
	DB         *sqldb.DB
	Audit      *audit.Log
	Now        func() time.Time
	Log        *logrus.Entry
	Registerer prometheus.Registerer
}

// Service writes down. It is safe for concurrent use.
type Service struct {
	o       Options
	metrics *metrics
	queue   chan job

	mu      sync.Mutex
	pending map[job]bool // in the queue or being written down
}

// job is an utterance to be written down.
type job struct {
	place Place
	file  string
}

// maxQueued bounds the utterances that wait. Others stay in their files until the recording has ended.
const maxQueued = 2000

// New makes the service. Nothing is written down before Run.
func New(o Options) *Service {
	s := &Service{o: o, queue: make(chan job, maxQueued), pending: map[job]bool{}}
	s.metrics = newMetrics(o.Registerer, s)
	return s
}

// Run writes down what is said until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	for range max(s.o.Workers, 1) {
		parts.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case j := <-s.queue:
					s.attend(ctx, j)
				}
			}
		})
	}
	parts.Wait()
	return ctx.Err()
}

// Said takes an utterance that the recorder has cut: the name of a file in the recording's folder of utterances.
func (s *Service) Said(place Place, file string) {
	j := job{place, file}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending[j] {
		return
	}
	select {
	case s.queue <- j:
		s.pending[j] = true
	default: // it is found when the recording has ended
	}
}

func (s *Service) attended(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, j)
}

func (s *Service) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}

func (s *Service) path(place Place, parts ...string) string {
	return filepath.Join(append([]string{s.o.Folder, place.ID}, parts...)...)
}

type metrics struct{ utterances, translations *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer, s *Service) *metrics {
	m := &metrics{
		utterances: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_captions_utterances_total", Help: "Utterances of recorded conferences, by what came of them.",
		}, []string{"result"}),
		translations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "medix_captions_translations_total", Help: "Translations of utterances, by the verdict of the checks.",
		}, []string{"verdict"}),
	}
	r.MustRegister(m.utterances, m.translations, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "medix_captions_waiting", Help: "Utterances that wait to be written down.",
	}, func() float64 { return float64(s.waiting()) }))
	return m
}
