// Package encrypted is the translation bot in encrypted rooms: a device of its own, cross-signed, that can read a room
// from the moment a moderator has let it in, and answers in threads (package replies), encrypted.
//
// It works through a mautrix.Client. For this node the client's requests go to the client API in the same process (see
// [InProcess]); the same code drives an application service elsewhere.
//
// What it never does: ask for keys, take keys that others pass on (forwarded keys, bundles of history), keep a key
// backup, read what was said before it joined. Keys of what it has read are thrown away as they are used.
//
// Everything that a /sync answer brings (keys, work, the next token) reaches the disk in one transaction, and what the
// device's ratchets become is on the disk before anything that was made with them leaves: kill -9 at any moment loses no
// session and answers nothing twice.
//
// May import: translator and its other sub-packages, internal/*. Imported by cmd and translator/appservice.
//
// Start reading at bot.go, then sync.go (what comes in), hold.go (what waits until the bot may be there), courier.go and chat.go (what
// goes out), ahead.go (what servers are asked for first), keys.go (the device's store).
package encrypted
