// Command medix is a hospital's node: a Matrix homeserver with a translation bot, in one program.
//
// This package holds the command line alone: one file for each group of verbs. How a node is put together from its parts
// stands in cmd/medix/node; the demonstration with two hospitals in cmd/medix/demo.
package main
