package relay

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the TURN REST API has it so
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Credentials let one user use a relay for a while.
type Credentials struct {
	Username string
	Password string
}

// NewCredentials makes those of a user that are good until a time.
func NewCredentials(secret, userID string, until time.Time) Credentials {
	username := strconv.FormatInt(until.Unix(), 10) + ":" + userID
	return Credentials{Username: username, Password: passwordOf(secret, username)}
}

func passwordOf(secret, username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// userOf returns whose credentials they are; false if they have ended or are of another form.
func userOf(username string, now time.Time) (userID string, ok bool) {
	end, userID, found := strings.Cut(username, ":")
	until, err := strconv.ParseInt(end, 10, 64)
	if !found || err != nil || userID == "" || until < now.Unix() {
		return "", false
	}
	return userID, true
}
