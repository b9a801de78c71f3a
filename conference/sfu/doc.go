// Package sfu runs the SFU of this node's conferences, or speaks with one elsewhere: LiveKit, in a program of its own
// (cmd/medix-media), which is started with the first conference and stops when there is none.
//
// It knows rooms and participants by the names that LiveKit has for them, not whose they are: that is conference/rtc. Where to
// start reading: sfu.go, then child.go for the process, proxy.go for how clients reach it, roomservice.go for what it is told.
//
// May import: internal/*. Imported by conference/rtc, conference/recording, cmd.
package sfu
