package translator

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What is taken back while an engine has it is neither remembered nor given to the next engine.
func TestWhatIsForgottenOnItsWayIsNotRemembered(t *testing.T) {
	request := Request{Text: "good day to you", SenderLanguage: "en", Target: "es"}
	for name, test := range map[string]struct {
		fails   error
		rewrite func(string) string
	}{
		"answered": {}, "failed": {fails: errors.New("no")}, "harmful": {rewrite: func(string) string { return "no 5 mg" }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := &fake{name: "first", delay: time.Second, err: test.fails, rewrite: test.rewrite}
				second := &fake{name: "second"}
				p := pipelineOf(t, first, second)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Millisecond, func() {
					cancel()
					p.Forget(request.Text, "")
				})
				_, err := p.Translate(ctx, request)
				require.ErrorIs(t, err, context.Canceled)
				time.Sleep(2 * time.Second)
				synctest.Wait()
				require.EqualValues(t, 1, first.asked.Load())
				require.Zero(t, second.asked.Load(), "no other engine has it")
				require.Empty(t, p.cache.entries)
				require.Empty(t, p.underway.runs)
				_, err = p.Translate(t.Context(), request)
				require.NoError(t, err)
				require.EqualValues(t, 2, first.asked.Load())
			})
		})
	}
}

// The same words in another message are translated, whatever becomes of the first one.
func TestWhoeverSaysTheSameIsTranslated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &fake{name: "first", delay: time.Second, err: errors.New("no")}, &fake{name: "second"}
		p := pipelineOf(t, first, second)
		request := Request{Text: "good day to you", SenderLanguage: "en", Target: "es"}
		var both sync.WaitGroup
		gone, cancel := context.WithCancel(t.Context())
		both.Go(func() { _, _ = p.Translate(gone, request) })
		both.Go(func() {
			time.Sleep(time.Millisecond)
			result, err := p.Translate(t.Context(), request)
			if err != nil || !strings.HasPrefix(result.Body, "Hola") {
				t.Errorf("%+v, %v", result, err)
			}
		})
		time.Sleep(2 * time.Millisecond)
		cancel()
		p.Forget(request.Text, "")
		both.Wait()
		require.EqualValues(t, 2, first.asked.Load())
	})
}
