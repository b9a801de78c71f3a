package schedule

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"medixchange/internal/sqldb"
)

// CalendarPath is where calendar files are served.
const CalendarPath = "/conference/calendar/"

func (s *Schedule) note(ctx context.Context, d due) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return reminded(tx, d) })
}

func (s *Schedule) sweep(ctx context.Context) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := removeEnded(tx, s.o.Now().Add(-keepEnded)); err != nil {
			return err
		}
		return removeAnswers(tx)
	})
}

// link is a member's own link to the calendar file of a conference: calendars have no access token. It ends with the
// membership.
func (s *Schedule) link(roomID, id, userID string) string {
	who, _ := json.Marshal([]string{roomID, id, userID}) // strings
	return s.o.Base + CalendarPath + base64.RawURLEncoding.EncodeToString(who) + "." + base64.RawURLEncoding.EncodeToString(s.mac(who)) + ".ics"
}

func (s *Schedule) mac(text []byte) []byte {
	mac := hmac.New(sha256.New, s.o.LinkKey)
	mac.Write(text)
	return mac.Sum(nil)[:16]
}

// maxLink bounds a link that is looked at.
const maxLink = 4 << 10

func (s *Schedule) readLink(name string) (roomID, id, userID string, ok bool) {
	name, ok = strings.CutSuffix(name, ".ics")
	text, signature, cut := strings.Cut(name, ".")
	if !ok || !cut || len(name) > maxLink {
		return "", "", "", false
	}
	who, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", "", "", false
	}
	given, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(given, s.mac(who)) {
		return "", "", "", false
	}
	var parts []string
	if err := json.Unmarshal(who, &parts); err != nil || len(parts) != 3 {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}

// Handler serves calendar files to members of the room, by their links.
func (s *Schedule) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "only GET", http.StatusMethodNotAllowed)
			return
		}
		file, err := s.file(r.Context(), strings.TrimPrefix(r.URL.Path, CalendarPath))
		switch {
		case err != nil:
			s.o.Log.WithError(err).Warn("writing a calendar file")
			http.Error(w, "try again", http.StatusServiceUnavailable)
		case file == nil:
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
			w.Header().Set("Content-Disposition", `attachment; filename="conference.ics"`)
			w.Header().Set("Cache-Control", "private, no-cache")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Referrer-Policy", "no-referrer")
			_, _ = w.Write(file)
		}
	})
}

// file is the calendar file of a link; nil where there is none, or not for its owner any more.
func (s *Schedule) file(ctx context.Context, name string) ([]byte, error) {
	roomID, id, userID, ok := s.readLink(name)
	if !ok {
		return nil, nil
	}
	membership, _, err := s.o.Rooms.Membership(ctx, roomID, userID)
	if err != nil || membership != "join" {
		return nil, ignoreMissing(err)
	}
	ev, err := s.o.Rooms.StateEvent(ctx, roomID, EventType, id)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	conf, err := s.conferenceOf(ctx, ev)
	if err != nil || conf == nil {
		return nil, err
	}
	return calendar(conf, s.o.Rooms.ServerName(), s.place(roomID), ev.OriginServerTS/1000, s.o.Now()), nil
}
