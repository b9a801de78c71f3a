// Package find searches the handbook in every language with internal/search: an index "handbook.LANGUAGE" for each, in which
// a document is a heading with its text, or a term of the glossary.
//
// An index says by a cursor of which texts it is. What is missing is indexed when somebody searches: the language that is asked
// for first, then the others in the background. Start at find.go, then ready.go and build.go.
package find
