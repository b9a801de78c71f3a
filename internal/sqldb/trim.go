//go:build !linux

package sqldb

func trim() {}
