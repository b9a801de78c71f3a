//go:build !media

package media

var (
	packed []byte
	sum    string
)
