package glossary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/internal/sqldb"
)

// Options is what a Book is built from.
type Options struct {
	DB         *sqldb.DB
	Now        func() time.Time      // optional: time.Now
	Log        *logrus.Entry         // optional
	Registerer prometheus.Registerer // optional
}

// Book keeps a glossary in the database. All methods are safe for concurrent use.
type Book struct {
	o       Options
	current atomic.Pointer[Set]

	mu      sync.Mutex // of changes
	version int64
	layers  map[Layer]map[string]Concept
}

// Open reads the glossary. ctx bounds only that.
func Open(ctx context.Context, o Options) (*Book, error) {
	if o.DB == nil {
		return nil, errors.New("opening the glossary: there is no database")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = logrus.NewEntry(logrus.StandardLogger())
	}
	b := &Book{o: o}
	if err := b.load(ctx); err != nil {
		return nil, fmt.Errorf("opening the glossary: %w", err)
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(b); err != nil {
			return nil, fmt.Errorf("registering the glossary's metrics: %w", err)
		}
	}
	return b, nil
}

// Current is the glossary as it stands.
func (b *Book) Current() *Set { return b.current.Load() }

// Change is what an administrator does to one layer.
type Change struct {
	Layer   Layer
	Action  string    // for the history: import, set, remove
	By      string    // who, as they say
	Put     []Concept // take the place of those of their names
	Remove  []string
	Replace bool // all that are not in Put go
	DryRun  bool // nothing is changed, only counted
}

// Changed counts what a change did, or would do.
type Changed struct {
	Version   int64 `json:"version"` // of the glossary after it
	Added     int   `json:"added"`
	Changed   int   `json:"changed"`
	Removed   int   `json:"removed"`
	Unchanged int   `json:"unchanged"`
	DryRun    bool  `json:"dry_run,omitempty"`
}

// ErrUnknownConcept says that a concept to be removed is not there.
var ErrUnknownConcept = errors.New("no such concept")

// errStale says that somebody else changed the tables.
var errStale = errors.New("the glossary was changed elsewhere")

// InvalidError is a change that breaks a rule; its text is for whoever made it.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

// Apply carries a change out as a whole or not at all. What follows sees it at once. A change that changes nothing makes no
// version.
func (b *Book) Apply(ctx context.Context, c Change) (Changed, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed, err := b.apply(ctx, c)
	if errors.Is(err, errStale) {
		if err := b.load(ctx); err != nil {
			return Changed{}, err
		}
		changed, err = b.apply(ctx, c)
	}
	return changed, err
}

// Edit changes one concept of a layer. change gets the concept as it is, or one that has nothing but its name; what it
// returns takes its place, nil removes it. Its error is returned as it is.
func (b *Book) Edit(ctx context.Context, c Change, id string, change func(Concept, bool) (*Concept, error)) (Changed, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.layers[c.Layer][id]
	if !known {
		before = Concept{ID: id}
	}
	before.Forms = maps.Clone(before.Forms)
	after, err := change(before, known)
	switch {
	case err != nil:
		return Changed{}, err
	case after == nil:
		c.Remove = []string{id}
	default:
		c.Put = []Concept{*after}
	}
	return b.apply(ctx, c)
}

func (b *Book) apply(ctx context.Context, c Change) (Changed, error) {
	next, edits, err := b.plan(c)
	if err != nil {
		return Changed{}, err
	}
	done := tally(edits)
	done.Version, done.DryRun, done.Unchanged = b.version, c.DryRun, len(c.Put)-done.Added-done.Changed
	if c.DryRun || len(edits) == 0 {
		return done, nil
	}
	done.Version++
	if err := b.write(ctx, c, b.version, edits); err != nil {
		return Changed{}, err
	}
	b.version, b.layers[c.Layer] = done.Version, next
	b.publish()
	b.o.Log.WithFields(logrus.Fields{
		"version": done.Version, "layer": c.Layer, "action": c.Action, "added": done.Added, "changed": done.Changed, "removed": done.Removed,
	}).Info("the glossary was changed")
	return done, nil
}

// edit is the change of one concept; a nil side is one that was not there.
type edit struct{ before, after *Concept }

func (e edit) id() string {
	if e.after != nil {
		return e.after.ID
	}
	return e.before.ID
}

// plan returns the layer as it will be, and what changes in it.
func (b *Book) plan(c Change) (map[string]Concept, []edit, error) {
	if c.Layer != Hospital && c.Layer != Alliance {
		return nil, nil, &InvalidError{fmt.Errorf("%q is no layer: hospital or alliance", c.Layer)}
	}
	if c.By = strings.TrimSpace(c.By); c.By == "" || checkText(c.By, maxSource) != nil {
		return nil, nil, &InvalidError{fmt.Errorf("the change does not say who makes it")}
	}
	before := b.layers[c.Layer]
	next := maps.Clone(before)
	if c.Replace {
		next = map[string]Concept{}
	}
	for _, id := range c.Remove {
		if _, ok := before[id]; !ok {
			return nil, nil, fmt.Errorf("%w: %q in the layer %s", ErrUnknownConcept, id, c.Layer)
		}
		delete(next, id)
	}
	for _, concept := range c.Put {
		concept, err := concept.clean()
		if err != nil {
			return nil, nil, &InvalidError{err}
		}
		next[concept.ID] = concept
	}
	if err := checkSize(next); err != nil {
		return nil, nil, &InvalidError{err}
	}
	return next, difference(before, next), nil
}

func checkSize(concepts map[string]Concept) error {
	if len(concepts) > MaxConcepts {
		return fmt.Errorf("a layer has at most %d concepts; these are %d", MaxConcepts, len(concepts))
	}
	forms := 0
	for _, c := range concepts {
		for _, f := range c.Forms {
			forms += f.count()
		}
	}
	if forms > MaxAllForms {
		return fmt.Errorf("a layer has at most %d forms; these are %d", MaxAllForms, forms)
	}
	return nil
}

func difference(before, next map[string]Concept) (edits []edit) {
	all := maps.Clone(before)
	maps.Copy(all, next)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		was, had := before[id]
		is, has := next[id]
		switch {
		case had && has && was.equal(is):
		case had && has:
			edits = append(edits, edit{&was, &is})
		case has:
			edits = append(edits, edit{nil, &is})
		default:
			edits = append(edits, edit{&was, nil})
		}
	}
	return edits
}

func tally(edits []edit) (done Changed) {
	for _, e := range edits {
		switch {
		case e.before == nil:
			done.Added++
		case e.after == nil:
			done.Removed++
		default:
			done.Changed++
		}
	}
	return done
}

// publish lets all who ask from now on have what the layers say.
func (b *Book) publish() {
	layers := map[Layer][]Concept{}
	for layer, concepts := range b.layers {
		layers[layer] = slices.Collect(maps.Values(concepts))
	}
	b.current.Store(NewSet(b.version, layers))
}

// Layer returns the concepts of one layer as they are kept, by name.
func (b *Book) Layer(layer Layer) (concepts []Concept, version int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(b.layers[layer])) {
		concepts = append(concepts, b.layers[layer][id])
	}
	return concepts, b.version
}

var (
	versionDesc  = prometheus.NewDesc("medix_translator_glossary_version", "Number of the newest change of the glossary.", nil, nil)
	conceptsDesc = prometheus.NewDesc("medix_translator_glossary_concepts", "Concepts of the glossary, both layers together.", nil, nil)
)

// Describe implements prometheus.Collector.
func (b *Book) Describe(into chan<- *prometheus.Desc) {
	into <- versionDesc
	into <- conceptsDesc
}

// Collect implements prometheus.Collector.
func (b *Book) Collect(into chan<- prometheus.Metric) {
	set := b.Current()
	into <- prometheus.MustNewConstMetric(versionDesc, prometheus.GaugeValue, float64(set.Version()))
	into <- prometheus.MustNewConstMetric(conceptsDesc, prometheus.GaugeValue, float64(set.Len()))
}
