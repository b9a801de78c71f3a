// Package edit is the desk of the handbook's editors in the browser: the sections with their states, the editor with the original
// beside the translation, review, history, publishing, and files for programs of translators.
//
// All pages are under /handbook/edit/ and work without scripts; edit.js adds a preview while somebody writes. What may be done
// is decided in package desk; here it is asked for and shown. edit.go has the addresses, form.go what is sent.
package edit
