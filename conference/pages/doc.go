// Package pages is what the pages of conferences have in common: how they serve the files beside their folders' packages, choose their
// reader's language and offer others. static/say.js is the script that both use; each page serves it among its own files.
//
// It imports internal/* only. Imported by conference/page and conference/replay. Start reading at files.go.
package pages
