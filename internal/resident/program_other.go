//go:build !linux

package resident

// releaseProgram does nothing: other systems have no way to ask for it.
func releaseProgram() (released bool, err error) { return true, nil }
