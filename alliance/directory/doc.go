// Package directory finds colleagues: the clinicians of this hospital who agreed to be found and whom its administrator
// verified, and those of the other members of the alliance.
//
//   - [Entry] is what a clinician says of themself, in account data of theirs; without it nobody is in the directory.
//   - [Directory] keeps who verified whom, gives other members what may leave the hospital, and searches in all of it.
//   - [Contacts] decides who may invite whom.
//   - [Duty] brings whoever is on duty into the rooms of accounts such as "ICU on call".
//
// What others give is kept in memory only, and no longer than their membership. May import: alliance, accounts, rooms,
// internal/*.
//
// Start reading at entry.go, then directory.go.
package directory
