// Package pace is how what runs in the background waits: for a while, or for its next turn, and never longer than it is wanted.
//
// It imports the standard library only. Start reading at pace.go.
package pace
