// Package delayed keeps the events that clients want sent later, and sends them: "MSC4140: Cancellable delayed events". A
// call's member schedules its own leaving and puts it off while it is there; when it crashes, the others see it leave.
//
// Everything is a row before it is acknowledged. An event is sent with its delay id as the transaction id, so that one that
// was being sent when the node was killed is sent once.
package delayed
