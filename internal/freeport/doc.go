// Package freeport hands out ports that stay free until their taker listens on them, also after a restart: for rehearsals and
// tests that start whole nodes, which must know their addresses before they run.
//
// It imports the standard library only. Start reading at freeport.go.
package freeport
