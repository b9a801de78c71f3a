// Package resident keeps small what a process that runs for months takes of the machine's memory while it does little: a start
// and busy hours take several times what they leave behind.
//
// It imports the standard library and x/sys only. Start reading at giveback.go.
package resident
