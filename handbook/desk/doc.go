// Package desk is where a hospital's editors work on the handbook: a working copy of each section, of the titles and of the
// glossary in each language, who wrote, reviewed and approved it, and every step with its reason.
//
// steps.go has the rules by which a text goes from a machine's draft to an approved one, and who may take which step; it knows no
// database. save.go stores words so that nobody's are lost when two write at once; publish.go makes an edition of what was chosen,
// read and checked as a whole. What is published is an edition like any other; the desk changes none itself.
package desk
