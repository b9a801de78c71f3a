// Package replies is the translation bot where a message cannot be shown in other words: it answers each message in a
// thread, once for each language that somebody reads. Encrypted rooms are such places, since the node sees ciphertext
// there, and so is every homeserver that is not ours.
//
// What comes in is work: a message, an edit, a redaction, a command, the bot's own arrival. Work is a sealed record until
// it is done, and everything that is sent carries a transaction id made of what it answers: after a crash the bot goes on
// where it was, and nobody is answered twice.
//
// What seems to tell who a patient is is held: its author is told in a chat with the bot alone, and may release it (holds.go).
//
// A [Courier] brings what the bot says into the room (package encrypted, or an application service), a [Host] knows who
// reads what. The [Vault] is where all of it is kept: encrypted, with a key that is not in the database.
//
// May import: translator and its other sub-packages, internal/*. Imported by translator/bridge, translator/encrypted,
// translator/appservice, cmd.
//
// Start reading at desk.go, then queue.go, translate.go and message.go; commands.go reads the commands of all bots.
package replies
