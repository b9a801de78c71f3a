// Package protect takes a message apart before an engine sees it and puts the answer together again.
//
// Parse reads text or HTML into segments (one for each line or block), where what must not be
// translated (pills, links, code, emoji, numbers with units, drug names, spoilers) is an Atom and
// inline markup is an Open/Close pair. Restore wants every one of them back exactly once and legally
// nested, and writes HTML that is escaped anew and sanitised, with the plain body derived from it.
//
// It imports translator/{language,check} (what is a dose, what is a drug), golang.org/x/net/html and
// bluemonday. Start at segment.go, then parse.go, then restore.go.
package protect
