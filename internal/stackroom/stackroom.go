package stackroom

// size is what the goroutines of one message use, in bytes; the runtime takes the next power of two.
const size = 12 << 10

// Take makes room on the stack of the calling goroutine for the calls that follow. It is for the first line of a goroutine that is short and
// goes deep. It is safe for concurrent use.
func Take() { reserve(0) }

// reserve has a frame of that size, which it does not touch: the runtime makes room for the whole frame when the function begins. It must
// not be inlined, as its caller would keep the frame.
//
//go:noinline
func reserve(at int) byte {
	if at > 0 {
		var frame [size]byte
		return frame[at%size]
	}
	return 0
}
