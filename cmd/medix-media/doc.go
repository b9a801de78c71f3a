// Command medix-media does what moves pictures and sound: the SFU of conferences (`sfu`) and whoever records them (`record`).
//
// It is a program of its own because linking the SFU costs 45 MB of memory before anybody calls, more than a whole node. medix
// carries it inside, starts it when there is a conference, and talks to it through pipes and loopback: every subcommand reads one line
// of JSON from its standard input, and ends when that input ends, so it never outlives the node that started it.
//
// May import: conference/record. Imported by nobody.
package main
