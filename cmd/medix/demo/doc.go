// Package demo runs two hospitals on this machine and shows what they do: real processes of the same program, real TLS
// between them, and clinicians who use a standard Matrix client library.
//
// Each step prints ✓ or ✗, what happened and how long it took. Start reading at demo.go; the steps are in scenes.go.
package demo
