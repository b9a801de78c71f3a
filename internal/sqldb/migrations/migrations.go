// Package migrations holds the steps that make the database's schema, in the order of their numbers.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed *.sql
var embedded embed.FS

// Files are the steps.
func Files() fs.FS { return embedded }
