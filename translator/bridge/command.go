package bridge

import "medixchange/translator/replies"

// parseCommand reads a command to the bot where the server can read what is said. It cannot be sent away there by a word of
// it: what it translates for this node's members does not depend on whether it is in the room.
func parseCommand(body string) (replies.Command, bool) {
	c, ok := replies.ParseCommand(body)
	if c.Name == replies.CommandLeave {
		return replies.Command{}, false
	}
	return c, ok
}
