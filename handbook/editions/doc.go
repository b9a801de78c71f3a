// Package editions keeps the editions of the handbook that a node was given, durably, and says which of them is shown.
//
// The files of an edition are one archive in the data folder, named by the edition's mark; what it is, where it came from and
// when it was shown stands in the database. An edition is read strictly before it is kept, and again before it is shown; what
// cannot be read changes nothing. Start at editions.go, then install.go and activate.go. A Store is safe for concurrent use.
package editions
