package pages

import (
	"fmt"

	"medixchange/alliance/desk"
)

// Letter is what an applicant is written when their application comes to another state, in the language that they applied in.
func Letter(a desk.Application, alliance string) (subject, text string) {
	words := catalogue.Of(a.Language)
	text = fmt.Sprintf("%s\n%s\n\n", a.LegalName, words.Text("state_"+string(a.State)))
	if a.Reason != "" && (a.State == desk.Refused || a.State == desk.Admitted) {
		text += fmt.Sprintf("%s %s\n\n", words.Text("reason"), a.Reason)
	}
	return words.Text("mail_subject", "alliance", alliance, "server", a.ServerName), text + words.Text("mail_more") + "\n"
}

// LetterToCoordinator is what a coordinator is written, in a language, when an application waits for a decision; page is its address.
func LetterToCoordinator(a desk.Application, alliance, language, page string) (subject, text string) {
	words := catalogue.Of(language)
	return words.Text("mail_waits", "alliance", alliance, "server", a.ServerName),
		words.Text("mail_proven", "name", a.LegalName, "server", a.ServerName) + "\n" + page + "\n"
}
