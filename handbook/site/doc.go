// Package site shows the handbook to people with a browser, and to programs: pages by language and section, with the state
// of each translation, side by side with the source, for print and for reading without a network; a JSON interface beside
// them. docs/handbook.md describes what readers and programs find.
//
// A page is made when it is asked for first and kept, compressed, in a cache of bounded size; nothing is parsed before the
// first request. Pages work without scripts, and allow none but those of static/ (Content-Security-Policy).
//
// Words around the text are in strings/LANGUAGE.yaml, pages in layout.go, bodies.go and sectionbody.go. Start at site.go (what is asked for), then
// answer.go (how it is sent), section.go and render.go (Markdown to HTML).
package site
