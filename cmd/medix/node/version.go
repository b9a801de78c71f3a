package node

// Version is the program's version; the Makefile sets it.
var Version = "development"
