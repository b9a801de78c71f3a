//go:build !linux

package node

// releaseProgram does nothing: other systems have no way to ask for it.
func releaseProgram() (released bool, err error) { return true, nil }
