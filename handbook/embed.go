package handbook

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed content
var content embed.FS

// Embedded is the edition that comes with the program, for Load.
func Embedded() fs.FS {
	sub, err := fs.Sub(content, "content")
	if err != nil {
		panic(fmt.Sprintf("handbook: the embedded edition: %v", err)) // the path is a constant and valid
	}
	return sub
}
