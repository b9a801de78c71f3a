// Package stackroom gives a goroutine the stack that it will need before its calls are deep. Go begins with a small stack and copies it to
// one of twice the size each time it is full, reading every frame on it: for a goroutine of a single message, which goes down through
// database/sql or the writing of JSON, that happens three times and costs more than many a step of its work. It may import nothing of the
// project. Start reading at stackroom.go.
package stackroom
