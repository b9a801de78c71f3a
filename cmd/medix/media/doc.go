// Package media finds the program medix-media, which runs the SFU and the recorder: inside medix when it was built with the tag
// media, else beside it.
//
// May import: nothing of the house. Imported by cmd/medix.
package media
