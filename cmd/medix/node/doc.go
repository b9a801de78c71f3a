// Package node puts a hospital's node together from its parts, and runs it.
//
// It is the one place that knows everything: [New] opens the database, builds each part with the parts below it, and hands
// the interfaces of higher parts to the lower ones that declare them. Nothing is nil between New and Run. [Node.Run] serves
// until its context ends, then drains: listeners close, long polls answer, what was acknowledged is on disk.
//
// Imported by cmd/medix and internal/testhospital. Start reading at node.go.
package node
