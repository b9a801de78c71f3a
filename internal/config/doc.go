// Package config reads the one configuration file: a struct with defaults, YAML with strict keys, and diagnostics
// that say where, why and what to write instead.
//
// It imports no other package of this module. cmd reads the file and hands each part to the package that it is for.
// Start reading at Config; Sample is the manual.
package config
