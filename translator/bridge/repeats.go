package bridge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"medixchange/rooms"
	"medixchange/translator/compose"
)

// repetition is where lines repeat what their sender was shown of a translation.
type repetition struct {
	source   *rooms.Event // the version that it was made from; nil when it is not known
	from, to int          // the lines
	letters  int          // of the translation alone
}

// repeated reports whether lines repeat a translation, and the version that it was made from; nil when only its mark tells.
// Beside the translation there may be what stands around it: marks, the line of invariants, the original. Where there is anything
// else somebody says something in words of their own, which no original stands for.
func (b *Bridge) repeated(ctx context.Context, lines []string, known []delivered) (source *rooms.Event, repeats bool, err error) {
	lines = compose.PlainLines(strings.Join(lines, "\n"))
	found, err := b.repetitions(ctx, lines, known)
	if err != nil {
		return nil, false, err
	}
	if of, ok := whole(found, lines); ok {
		return of.source, true, nil
	}
	return nil, compose.Marked(lines), nil
}

// whole returns the repetition that has all lines.
func whole(found []repetition, lines []string) (repetition, bool) {
	n := slices.IndexFunc(found, func(r repetition) bool { return r.to-r.from == len(lines) })
	if n < 0 {
		return repetition{}, false
	}
	return found[n], true
}

// repetitions finds the translations that lines repeat. The longest is first, then the newest: a "No" stands in much.
func (b *Bridge) repetitions(ctx context.Context, lines []string, known []delivered) (found []repetition, err error) {
	known = slices.DeleteFunc(slices.Clone(known), func(d delivered) bool { return !contains(lines, d.lines) })
	if len(known) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(known, func(x, y delivered) int { return cmp.Compare(y.letters(), x.letters()) })
	var nids []int64
	for _, d := range known {
		nids = append(nids, d.shownNID, d.versionNID)
	}
	slices.Sort(nids)
	events, err := b.o.Rooms.Events(ctx, slices.Compact(nids))
	if err != nil {
		return nil, fmt.Errorf("reading what is repeated: %w", err)
	}
	for _, d := range known {
		shown := events[d.shownNID]
		if shown == nil {
			continue
		}
		message, err := b.messageFrom(shown, d.parts)
		if err != nil {
			return nil, err
		}
		if b.isVoice(shown) {
			if message.Original.Body, _, err = b.saidIn(ctx, shown); err != nil {
				return nil, err
			}
		}
		if from, to, ok := compose.Extent(message, lines); ok {
			found = append(found, repetition{events[d.versionNID], from, to, d.letters()})
		}
	}
	return found, nil
}

func (d delivered) letters() int { return len(strings.Join(d.lines, "\n")) }

func begins(lines, with []string) bool {
	if len(with) == 0 || len(lines) < len(with) {
		return false
	}
	for i, line := range with {
		if lines[i] != line {
			return false
		}
	}
	return true
}

func contains(lines, piece []string) bool {
	for i := range lines {
		if begins(lines[i:], piece) {
			return true
		}
	}
	return false
}
