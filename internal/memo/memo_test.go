package memo

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatWasKeptLastIsFoundByItsKeyAlone(t *testing.T) {
	type key struct {
		number int64
		name   string
	}
	last := NewLast[key, string](8)
	for i := range int64(100) {
		k := key{i, "es"}
		last.Put(k, fmt.Sprint(i))
		found, ok := last.Get(k)
		require.True(t, ok)
		require.Equal(t, fmt.Sprint(i), found)
		_, ok = last.Get(key{i, "fr"})
		require.False(t, ok)
	}
}

func TestWordsAreLookedAtOnceWhileTheyAreKept(t *testing.T) {
	var lengths Words[int]
	asked := 0
	find := func(word string) int { asked++; return len(word) }
	for range 3 {
		require.Equal(t, 5, *lengths.Of([]byte("ñame"), find))
	}
	require.Equal(t, 1, asked)
}

func TestWordsThatShareAPlaceAreNotTakenForEachOther(t *testing.T) {
	var lengths Words[string]
	for round := range 2 {
		for i := range 3 * places {
			word := fmt.Sprint(i)
			require.Equal(t, word, *lengths.Of([]byte(word), func(word string) string { return word }), round)
		}
	}
}

func TestTheBytesOfAWordMayChangeAfterwards(t *testing.T) {
	var own Words[string]
	word := []byte("dose")
	own.Of(word, func(word string) string { return word })
	copy(word, "nose")
	require.Equal(t, "dose", *own.Of([]byte("dose"), func(string) string { return "found again" }))
	require.Equal(t, "nose", *own.Of(word, func(word string) string { return word }))
}

func TestNumbersShareAPlaceInTurn(t *testing.T) {
	kept := NewNumbered[int](4)
	for i := range int64(4) {
		*kept.Of(i) = int(i) + 10
	}
	require.Equal(t, 12, *kept.Of(2))
	require.Zero(t, *kept.Of(6), "it takes the place of 2")
	require.Zero(t, *kept.Of(2))
	require.Equal(t, 13, *kept.Of(3))
	require.NotPanics(t, func() { kept.Of(-1) })
}

func TestAllWhoAskForANumberShareIt(t *testing.T) {
	kept := NewNumbered[atomic.Int64](64)
	var asking sync.WaitGroup
	for range 8 {
		asking.Add(1)
		go func() {
			defer asking.Done()
			for number := range int64(64) {
				kept.Of(number).Add(1)
			}
		}()
	}
	asking.Wait()
	for number := range int64(64) {
		require.EqualValues(t, 8, kept.Of(number).Load())
	}
}
