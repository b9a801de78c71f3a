package stackroom

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// deep calls itself with frames of a kilobyte.
//
//go:noinline
func deep(calls int) byte {
	var frame [1 << 10]byte
	frame[calls] = byte(calls)
	if calls == 0 {
		return frame[0]
	}
	return deep(calls-1) + frame[calls]
}

// stays reports whether a new goroutine has its stack where it was after calls that need some kilobytes of it.
func stays(before func()) bool {
	done := make(chan bool)
	go func() {
		before()
		var here byte
		place := uintptr(unsafe.Pointer(&here))
		deep(8)
		done <- place == uintptr(unsafe.Pointer(&here))
	}()
	return <-done
}

func TestAStackWithRoomIsNotCopied(t *testing.T) {
	moved := false
	for range 20 {
		require.True(t, stays(Take))
		moved = moved || !stays(func() {})
	}
	if !moved {
		t.Log("the runtime begins with stacks that are large enough here")
	}
}
