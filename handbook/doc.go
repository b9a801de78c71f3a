// Package handbook holds the clinical handbook and reads it: Markdown by section and language, with
// where each statement comes from, who translated and reviewed it, and whether it is still current.
//
// The content lies in content/: book.yaml names the edition, its languages and the order of its
// sections; content/LANGUAGE/ID.md is a section; content/LANGUAGE/book.yaml has the titles and
// content/LANGUAGE/glossary.yaml the terms of that language. docs/handbook.md describes the format for
// editors. Load refuses everything that is not of this format, with file, line and reason, and gives no
// Book then; Lint says what is doubtful about a book that could be read.
//
// Start at load.go (one file after the other) and whole.go (all of them together), then section.go and
// markdown.go. A loaded Book never changes, so it may be read from many goroutines.
package handbook
