// Package exchange takes texts of the handbook to translators who work with programs of their own, and back: as PO files of
// GNU gettext and as XLIFF 1.2.
//
// A unit is a heading with the text below it, as Markdown, or the title of a section. Its key is SECTION/ANCHOR/HASH (title for
// ANCHOR), so that a file says itself of which original each text is. What comes back is read strictly: nothing of a file is
// taken where one text is of another original, lacks a citation or has markup that the handbook does not have.
//
// unit.go makes units of a book, po.go and xliff.go are the two forms, take.go checks what comes back.
package exchange
