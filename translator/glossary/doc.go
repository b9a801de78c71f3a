// Package glossary is how a hospital, and the alliance it belongs to, wants its terms translated.
//
// A Concept is one thing with its names in the languages: in each a preferred form, others that are right too, and some
// that are not to be used. There are two layers: the hospital's own concepts, and those of the alliance, which are imported
// as a file; where both have a concept the hospital's words win. A Book keeps them in the database, numbers every change
// and remembers who made it. A Set is what they say at one version: it finds concepts in a text (index.go, fold.go), says
// what a language has for them, and whether a translation has it (terms.go). CSV in and out is csv.go.
//
// It imports translator/language and the floors below. Start at concept.go, then set.go.
package glossary
