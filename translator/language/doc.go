// Package language knows the languages that members read and write: their codes (BCP 47), their names
// in each other, their direction, which of them a text is written in, and the short strings that
// readers are shown in their own language.
//
// It imports only the standard library, golang.org/x/text, whatlanggo and the YAML reader, and stands
// below every other part of the translator. Start reading at code.go; the strings are in strings/,
// one file for each language.
package language
