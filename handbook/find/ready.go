package find

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"medixchange/handbook"
)

// errReplaced means that another edition took the place of the one that was asked.
var errReplaced = errors.New("another edition of the handbook is shown now")

// wanted gives the mark of a language's texts in an edition: an index of texts that stay the same in the next edition stays too.
func (x *Index) wanted(edition *handbook.Edition, language string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.mark != edition.Mark {
		x.mark, x.want = edition.Mark, map[string]string{}
	}
	mark, ok := x.want[language]
	if !ok {
		mark = markOf(edition, language)
		x.want[language] = mark
	}
	return mark
}

// markOf sums up what an index of a language is made from.
func markOf(edition *handbook.Edition, language string) string {
	sum := sha256.New()
	put := func(texts ...string) {
		for _, text := range texts {
			sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
			sum.Write([]byte(text))
		}
	}
	for i, id := range edition.SectionIDs() {
		if s, ok := edition.Section(language, id); ok {
			put(fmt.Sprint(i), s.Hash)
		}
	}
	if g, ok := edition.Glossary(language); ok {
		for _, id := range termIDs(g) {
			t := g.Terms[id]
			put(id, t.Term, strings.Join(t.Also, "\n"), t.Definition)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// positionOf makes a position for a cursor of a mark. It is never 0, which is that of a half-made index.
func positionOf(mark string) int64 {
	raw, err := hex.DecodeString(mark)
	if err != nil || len(raw) < 8 {
		return 1
	}
	return int64(binary.BigEndian.Uint64(raw)&math.MaxInt64) | 1
}

func (x *Index) isReady(edition *handbook.Edition, language string) bool {
	want := x.wanted(edition, language)
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.have[language] == want
}

// isStored reports the same, and looks into the database, which may have the index from an earlier run.
func (x *Index) isStored(ctx context.Context, edition *handbook.Edition, language string) (bool, error) {
	if x.isReady(edition, language) {
		return true, nil
	}
	want := x.wanted(edition, language)
	at, _, err := x.o.Hub.LoadCursor(ctx, indexOf(language))
	if err != nil || at != positionOf(want) {
		return false, err
	}
	x.setHave(language, want)
	return true, nil
}

func (x *Index) setHave(language, mark string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.have[language] = mark
}

// ensure makes the index of a language where there is none of this edition. Several who wait for it share the work, which
// goes on when one of them leaves; one language is never indexed for two editions at once.
func (x *Index) ensure(ctx context.Context, edition *handbook.Edition, language string) error {
	if !slices.Contains(edition.Languages, language) {
		return fmt.Errorf("searching the handbook: it has no language %q", language)
	}
	for !x.isReady(edition, language) {
		done := x.work.DoChan(language, func() (any, error) {
			return nil, x.build(context.WithoutCancel(ctx), edition, language)
		})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case result := <-done:
			if result.Err != nil {
				return result.Err
			}
		}
	}
	return nil
}
