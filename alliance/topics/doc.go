// Package topics keeps the topic rooms of an alliance: a space, and a room for each topic that whoever is in the space may join
// (restricted joins, Matrix specification, Client-Server API "Restricted rooms").
//
// The space is the list of those who may: each member's node brings its own verified clinicians in, by an account of the node
// that the space's keeper has given the power to invite, and takes out whom it verifies no longer. The node that made the space
// gives that power to admitted members, and takes everybody of a suspended one out of the space and its rooms. So an ordinary
// client joins by the ordinary rules, and no server of a room has to know more than the space's members.
//
// Nothing is stored here: what is to be done follows from the member list, the directory and the rooms' state each time anew.
// May import: alliance/directory, alliance/signed, accounts, rooms, internal/*. Start reading at topics.go.
package topics
