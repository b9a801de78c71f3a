// Package identifiers finds in a text what tells who a patient is: telephone and identity numbers, medical record numbers,
// dates of birth, names and addresses on forms, e-mail addresses. It asks nobody and keeps nothing; it says of which kinds
// something was found, never what it was.
//
// The rules are data: data/numbers.yaml (identity numbers by country, with their check digits), data/phones.yaml and a file
// for each language in data/words (labels, with sentences that must and must not alarm). Start at [Find].
package identifiers
