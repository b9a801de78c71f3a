package desk

import "slices"

// Role is what somebody may do at the desk.
type Role string

// The roles.
const (
	Editor    Role = "editor"
	Reviewer  Role = "reviewer"
	Publisher Role = "publisher"
)

// Person is somebody who works at the desk.
type Person struct {
	ID    string            // user id
	Name  string            // as editions name them
	Roles map[Role][]string // the languages of each role; AllLanguages for all of them
}

// AllLanguages stands for all of them.
const AllLanguages = "*"

// May reports whether a person has a role in a language.
func (p Person) May(role Role, language string) bool {
	languages := p.Roles[role]
	return slices.Contains(languages, AllLanguages) || slices.Contains(languages, language)
}

// Works reports whether a person has any role.
func (p Person) Works() bool {
	for _, languages := range p.Roles {
		if len(languages) > 0 {
			return true
		}
	}
	return false
}
