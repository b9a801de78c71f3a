package rtc

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatAHospitalSaidCountsForAShortTime(t *testing.T) {
	w := words{all: map[string]map[string]*word{}}
	bo := []picture{{"bo", "@bo:b", 5}}
	require.True(t, w.hear("s", "b", &report{TS: 100, Showing: bo}, nil, 1000))
	require.False(t, w.hear("s", "b", &report{TS: 100, Showing: bo}, nil, 1000), "nothing new")
	require.Equal(t, bo, w.of("s", 1000+wordGood-1))
	require.Equal(t, []string{"b"}, w.servers("s", 1000+wordGood-1))
	require.Empty(t, w.of("s", 1000+wordGood), "it does not answer any more")
	require.Empty(t, w.of("other", 1000))

	require.False(t, w.hear("s", "b", &report{TS: 99}, nil, 1001), "an answer that was late")
	require.Equal(t, bo, w.of("s", 1001))
	require.True(t, w.hear("s", "b", &report{TS: 99}, nil, 1000+wordGood), "its clock was put back")
	require.Empty(t, w.of("s", 1000+wordGood))
}

func TestOtherHospitalsAreAskedWhenThereIsReason(t *testing.T) {
	w := words{all: map[string]map[string]*word{}}
	ana := []picture{{"ana", "@ana:a", 5}}
	asked := func(list []picture, now int64) chan struct{} {
		done, mine := w.begin("s", "b", list, now)
		if mine {
			return done
		}
		return nil
	}
	done := asked(nil, 1000)
	require.NotNil(t, done)
	again, mine := w.begin("s", "b", ana, 1000)
	require.False(t, mine, "one request at a time")
	require.Equal(t, done, again)
	w.end("s", "b", done, nil, nil, 1000)
	require.Nil(t, asked(nil, 1000+againAfterFailing-1))
	done = asked(nil, 1000+againAfterFailing)
	w.end("s", "b", done, nil, &report{TS: 1}, 4000)
	_, open := <-done
	require.False(t, open)
	require.Nil(t, asked(nil, 4001), "it knows, and so do we")
	done = asked(ana, 4001)
	require.NotNil(t, done, "what it was told has changed")
	w.end("s", "b", done, ana, &report{TS: 2}, 4002)
	require.Nil(t, asked(ana, 4002))
	require.NotNil(t, asked(ana, 4002+askAgain), "its word is old")
}

func TestCallsThatAreOverAreForgotten(t *testing.T) {
	w := words{all: map[string]map[string]*word{}}
	done, mine := w.begin("s", "b", nil, 1000)
	require.True(t, mine)
	w.forget(func(sfuRoom string) bool { return sfuRoom == "s" })
	<-done
	next, mine := w.begin("s", "b", nil, 1000)
	require.True(t, mine)
	w.end("s", "b", done, nil, &report{TS: 1}, 1001)
	require.Empty(t, w.servers("s", 1001), "an answer of before")
	w.end("s", "b", next, nil, &report{TS: 1}, 1001)
	for i := range 2 * maxHospitals {
		w.begin("s", fmt.Sprint("server", i), nil, 1001)
	}
	require.Len(t, w.all["s"], maxHospitals)
	require.Equal(t, []string{"s"}, w.calls())
}
