// Package captions puts into writing what is said in conferences that are recorded: the recorder cuts utterances by speaker, a speech
// recogniser writes them down, live while the call goes on, and the translator puts them into the languages of the readers with its
// medical checks. Whoever was there may correct what was understood wrongly; what stood there before is kept.
//
// A translation that the checks block is never shown: the reader sees the original words and that they were not translated.
//
// May import: conference/manifest, conference/audit, internal/*. Imported by cmd. Recogniser and translator are declared here and wired
// there.
//
// Start reading at captions.go, then write.go (speech to text), show.go (languages), correct.go.
package captions
