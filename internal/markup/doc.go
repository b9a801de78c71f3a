// Package markup writes the pages that the node shows in a browser: HTML in which every value is escaped, and words in the
// reader's language.
//
// It stands in the place of html/template, which looks methods up by name at run time, so that the program would keep every
// exported method that it has: a seventh of an idle node's memory.
//
// Imports only the standard library, golang.org/x/text and the YAML reader. Start reading at markup.go; words.go has the
// catalogues, page.go what every page is sent with.
package markup
