// Package pages is what the alliance shows in a browser below /alliance: what it is and who its members are, the form by which
// hospitals apply and the page that tells an applicant how far they are, and the queue in which coordinators decide.
//
// All of it works without scripts. The public pages are in the reader's language, the coordinators' in English.
//
// May import: alliance, alliance/desk, accounts/pagelogin, internal/*. Start reading at site.go.
package pages
