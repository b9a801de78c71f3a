// Package federation talks with other servers: it finds them, asks them, answers them and sends them what happens here
// (the specification's Server-Server API).
//
//   - [Client] asks: it implements rooms.Remote, accounts.Remote, media.Remote and clientapi.Remote. Underneath are
//     discovery (discovery.go, wellknown.go) and signed requests (transport.go, xmatrix.go).
//   - [Keys] is the key ring: our own keys, those of others with their validity, and the notary.
//   - [Server] answers, after the origin of each request has been proved and let in (auth.go); one file per group of
//     endpoints.
//   - [Sender] brings events, receipts, typing, device messages and device lists to every server that they concern, in
//     order, from durable positions (sender.go, queue.go).
//
// May import: accounts, rooms, rooms/view, internal/*. What it needs of those above, or of what is written beside it, are
// small interfaces in ports.go; cmd wires them.
//
// Start reading at client.go, then server.go and sender.go.
package federation
