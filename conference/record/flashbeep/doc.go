// Package flashbeep shows whether recordings keep picture and sound, and speakers, together: a source of calls that flashes and
// beeps each second by clocks that may run wrong, and what finds the flashes and beeps in the files of a recording again.
// Nothing but tests uses it.
package flashbeep
