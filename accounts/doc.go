// Package accounts keeps the people of a node: users, devices, tokens, profiles, account data, push rules and the
// notification counts that follow from them, device keys and lists, to-device messages.
//
// It stands above rooms, since a profile change, a deactivation or a device list concerns the rooms that one is in; what
// it asks of rooms is in roomport.go. What it asks of other servers is [Remote], which federation implements.
//
// Whatever clients see in /sync is a row with a position of the stream and an entry in the stream's ring: account data
// ([AccountDatum]), to-device messages, device lists, profiles. Tokens are stored hashed; passwords are argon2id.
//
// Sub-packages: accounts/pushrules evaluates push rules without I/O, accounts/uia keeps the sessions of user-interactive
// authentication, accounts/password hashes.
//
// May import: rooms, rooms/view, internal/*. Never the APIs above it.
//
// Start reading at accounts.go (construction), then users.go, login.go, devices.go.
package accounts
