//go:build media

package media

import _ "embed"

// packed is the program, compressed by zstd; sum is the SHA-256 of packed, in hexadecimal. The Makefile writes both.
//
//go:embed medix-media.zst
var packed []byte

//go:embed medix-media.sum
var sum string
