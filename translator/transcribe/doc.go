// Package transcribe asks a speech recogniser with OpenAI's interface (POST /v1/audio/transcriptions) what was said in a
// recording. The recording leaves this machine only to the host that the configuration names.
//
// May import: translator/language, internal/*. Imported by cmd. translator/bridge declares the interface that it needs.
//
// Start reading at client.go.
package transcribe
