// Package commandline reads a command line into a struct whose fields are verbs, arguments and flags, described by their
// tags, and writes the help from the same tags.
//
// It looks at fields only, never at methods by their names: one such look makes the linker keep every exported method of
// the whole program, which then takes twice the memory.
//
// Start at parse.go; tree.go reads the struct, value.go sets fields, help.go writes the help.
package commandline
