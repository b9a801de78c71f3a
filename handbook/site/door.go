package site

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"medixchange/internal/web"
)

const (
	passCookie   = "handbook_pass"
	passLifetime = time.Hour
)

// door lets in who may read. Checking a password is costly, so a browser gets a pass for an hour once it was let in; after
// that it sends the password again by itself.
type door struct {
	admit func(r *http.Request) error // nil: everybody
	now   func() time.Time
	key   []byte
}

func newDoor(admit func(r *http.Request) error, now func() time.Time) *door {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &door{admit: admit, now: now, key: key}
}

func (d *door) open(w http.ResponseWriter, r *http.Request) error {
	if d.admit == nil {
		return nil
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	if c, err := r.Cookie(passCookie); err == nil && d.valid(c.Value) {
		return nil
	}
	if err := d.admit(r); err != nil {
		var refused *web.Error
		if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="handbook", charset="UTF-8"`)
		}
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: passCookie, Value: d.pass(d.now().Add(passLifetime)), Path: root,
		MaxAge: int(passLifetime.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode})
	return nil
}

// pass says until when it is good, signed.
func (d *door) pass(until time.Time) string {
	text := strconv.FormatInt(until.Unix(), 10)
	return text + "." + d.sign(text)
}

func (d *door) sign(text string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func (d *door) valid(pass string) bool {
	text, signature, _ := strings.Cut(pass, ".")
	if !hmac.Equal([]byte(signature), []byte(d.sign(text))) {
		return false
	}
	until, err := strconv.ParseInt(text, 10, 64)
	return err == nil && d.now().Unix() < until
}
