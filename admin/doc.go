// Package admin lets the administrators of a node manage it: users and registration tokens, through the node's local
// socket.
//
// [Server] answers plain HTTP on a Unix socket in the data folder. Whoever may open the socket (file mode 0600: the user
// that runs the node, and root) is the administrator; there is no password, and nothing of it is reachable by network.
// [Client] is its other end, which the verbs of the command line use.
//
// May import: accounts, rooms, internal/*. Start reading at server.go.
package admin
