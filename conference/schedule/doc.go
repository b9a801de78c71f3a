// Package schedule plans conferences in rooms: a state event says what and when, each hospital's node tells its own members in
// their language and time zone, reminds them, and gives them a calendar file. Begin at content.go for the event's form and at
// schedule.go for what is done with it.
package schedule
