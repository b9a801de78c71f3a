// Package draft lets a machine translate sections of the handbook, text by text, and puts what it says back into their Markdown:
// headings keep their anchors, and citations, links, images and code come back as they were, or the text is left as it was and
// noted.
//
// It asks a Translator, which is the node's own with its protection and its medical checks; it knows no engine.
package draft
