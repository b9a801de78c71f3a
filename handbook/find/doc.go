// Package find searches the handbook in every language with internal/search: an index "handbook.LANGUAGE" for each, in which
// a document is a heading with its text, or a term of the glossary.
//
// An index says by a cursor of which edition it is. What is missing is indexed in the background some time after the start,
// or when somebody searches: the language that is asked for first, then the others. Start at find.go.
package find
