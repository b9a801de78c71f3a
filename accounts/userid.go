package accounts

import (
	"crypto/rand"
	"strings"
)

// maxUserID is the specification's limit for user ids, in bytes.
const maxUserID = 255

// UserID returns the id of a local user.
func (a *Accounts) UserID(localpart string) string { return "@" + localpart + ":" + a.o.ServerName }

// IsLocal reports whether a user id belongs to this server; the account need not exist.
func (a *Accounts) IsLocal(userID string) bool {
	_, server, ok := strings.Cut(userID, ":")
	return ok && server == a.o.ServerName && userID[0] == '@'
}

// serverOf returns the server name of a user id, "" if it is none.
func serverOf(userID string) string {
	if !strings.HasPrefix(userID, "@") {
		return ""
	}
	_, server, _ := strings.Cut(userID, ":")
	return server
}

// newUserID checks a localpart by the grammar for new user ids (Appendices, User Identifiers) and returns the id.
// Capitals become small letters; "" picks a name.
func (a *Accounts) newUserID(localpart string) (string, error) {
	if localpart == "" {
		localpart = "u" + strings.ToLower(rand.Text()[:10])
	}
	localpart = strings.ToLower(localpart)
	for _, c := range []byte(localpart) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._=-/+", c) >= 0) {
			return "", ErrInvalidUsername.says("User names consist of a-z, 0-9 and . _ = - / +")
		}
	}
	userID := a.UserID(localpart)
	if len(userID) > maxUserID {
		return "", ErrInvalidUsername.says("The user name is too long: with the server's name it has at most %d bytes", maxUserID)
	}
	return userID, nil
}

// localUserID reads what a client calls a user: a localpart or a user id of this server.
func (a *Accounts) localUserID(name string) (string, bool) {
	if !strings.HasPrefix(name, "@") {
		name = a.UserID(name)
	}
	if len(name) > maxUserID || !a.IsLocal(name) {
		return "", false
	}
	return strings.ToLower(name[:strings.IndexByte(name, ':')]) + name[strings.IndexByte(name, ':'):], true
}
