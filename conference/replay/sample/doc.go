// Package sample holds a small recording of a conference, for the demonstration and for tests: two synthetic voices, Chinese and
// Spanish, and a screen. Nobody's voice and no patient is in it.
//
// The voices are espeak-ng's, the files were made by espeak-ng and ffmpeg as files/README.md says.
package sample
