package engine

import (
	"context"
	"fmt"
)

// span is a run of texts that go in one request.
type span struct{ from, to int }

// batches divides texts into requests of at most count texts and size units, as measure counts them. A text that is too
// long by itself is refused: half a message is none.
func batches(texts []string, count, size int, measure func(string) int) ([]span, error) {
	var spans []span
	start, used := 0, 0
	for i, text := range texts {
		length := measure(text)
		if length > size {
			return nil, fmt.Errorf("%w: a text of %d, and %d is the most", ErrRefused, length, size)
		}
		if i > start && (i-start == count || used+length > size) {
			spans = append(spans, span{start, i})
			start, used = i, 0
		}
		used += length
	}
	return append(spans, span{start, len(texts)}), nil
}

// inBatches translates texts, batch by batch. It gives all of them or an error.
func inBatches(ctx context.Context, texts []string, spans []span, ask func(context.Context, []string) ([]string, error)) ([]string, error) {
	all := make([]string, 0, len(texts))
	for _, s := range spans {
		part := texts[s.from:s.to]
		translated, err := ask(ctx, part)
		if err != nil {
			return nil, err
		}
		if len(translated) != len(part) {
			return nil, fmt.Errorf("%d translations for %d texts", len(translated), len(part))
		}
		all = append(all, translated...)
	}
	return all, nil
}

// jsonSize is what a text takes in a request, its quotes and comma included.
func jsonSize(text string) int {
	size := 3
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			size += 2
		case r < 0x20 || r == 0x2028 || r == 0x2029:
			size += 6
		case r < 0x80:
			size++
		case r < 0x800:
			size += 2
		case r < 0x10000:
			size += 3
		default:
			size += 4
		}
	}
	return size
}
