package appservice

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/web"
	"medixchange/translator/replies"
)

// Kinds of records in the vault beside those of the desks. The numbers are stored and never change.
const (
	kindTransaction replies.Kind = 140 // name transaction id; the digest of its events
	kindChoice      replies.Kind = 141 // owner room or "", name user
)

const (
	// maxTransaction bounds a transaction: a hundred events of 64 KiB and what stands around them.
	maxTransaction = 16 << 20
	maxTxnID       = 255
	busyPause      = 5 * time.Second
)

// Handler answers the homeserver.
func (s *Service) Handler() http.Handler { return s.router }

// routes are those of the Application Service API, under its path and the older ones.
func (s *Service) routes() {
	s.router = web.NewRouter(web.Options{Name: "appservice", Log: s.o.Log, Metrics: s.o.Metrics})
	for _, prefix := range []string{"/_matrix/app/v1", ""} {
		s.router.Handle(http.MethodPut, prefix+"/transactions/{txnID}", s.authed(s.transaction))
		s.router.Handle(http.MethodGet, prefix+"/users/{userID}", s.authed(s.user))
		s.router.Handle(http.MethodGet, prefix+"/rooms/{alias}", s.authed(s.room))
	}
	s.router.Handle(http.MethodPost, "/_matrix/app/v1/ping", s.authed(s.ping))
}

// authed lets only the homeserver in. The comparison takes the same time whatever differs.
func (s *Service) authed(h web.Handler) web.Handler {
	want := sha256.Sum256([]byte(s.o.Registration.HSToken))
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		token, ok := web.AccessToken(r)
		if !ok {
			return nil, web.NewError(http.StatusUnauthorized, "M_UNAUTHORIZED", "The token of the homeserver is missing.")
		}
		got := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return nil, web.Forbidden("This is not the token of the homeserver.")
		}
		return h(w, r)
	}
}

func (s *Service) ping(http.ResponseWriter, *http.Request) (any, error) { return struct{}{}, nil }

// user says which users exist: the bot.
func (s *Service) user(_ http.ResponseWriter, r *http.Request) (any, error) {
	if web.Var(r, "userID") != s.bot.String() {
		return nil, web.NotFound("There is no such user.")
	}
	return struct{}{}, nil
}

func (s *Service) room(http.ResponseWriter, *http.Request) (any, error) {
	return nil, web.NotFound("There is no such room.")
}

// transaction takes events. It answers when they are stored; the same transaction again changes nothing. The same id with other
// events is another transaction: Synapse with SQLite counts from 1 again after each of its starts.
func (s *Service) transaction(_ http.ResponseWriter, r *http.Request) (any, error) {
	txnID := web.Var(r, "txnID")
	if txnID == "" || len(txnID) > maxTxnID {
		return nil, web.InvalidParam("The transaction's id is too long.")
	}
	var body struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := web.Decode(r, &body, maxTransaction); err != nil {
		return nil, err
	}
	if s.desk.Full() {
		return nil, web.LimitExceeded(busyPause)
	}
	s.taking.Lock()
	defer s.taking.Unlock()
	known, err := s.o.Vault.Get(r.Context(), kindTransaction, "", txnID)
	if err != nil {
		return nil, err
	}
	events := make([]gjson.Result, 0, len(body.Events))
	for _, raw := range body.Events {
		events = append(events, gjson.ParseBytes(raw))
	}
	digest := digestOf(events)
	if bytes.Equal(known, digest) {
		return struct{}{}, nil
	}
	s.noteCount(txnID, known != nil)
	works, err := s.worksOf(r.Context(), events)
	if err != nil {
		return nil, err
	}
	err = s.o.Vault.Together(r.Context(), func() error {
		for _, w := range works {
			if err := s.desk.Take(w); err != nil {
				return err
			}
		}
		s.o.Vault.Put(kindTransaction, "", txnID, digest)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.desk.Release()
	return struct{}{}, nil
}

// digestOf tells transactions of one id apart. It is of the events' ids: what stands around them is not the same when a homeserver
// sends them again (`unsigned.age`, and the content of an event that was redacted meanwhile).
func digestOf(events []gjson.Result) []byte {
	digest := sha256.New()
	for _, ev := range events {
		id := ev.Get("event_id").Str
		fmt.Fprintf(digest, "%d %s ", len(id), id)
	}
	return digest.Sum(nil)
}

// noteCount says once that the homeserver gives new transactions the ids of old ones, until it gives new ids again. Its caller holds
// s.taking.
func (s *Service) noteCount(txnID string, usedBefore bool) {
	if usedBefore && !s.recounts {
		s.o.Log.WithField("transaction", txnID).Info("the homeserver gives transactions ids that it gave before, as after a restart; their events are taken")
	}
	s.recounts = usedBefore
}

// worksOf makes work of what concerns the bot.
func (s *Service) worksOf(ctx context.Context, events []gjson.Result) ([]replies.Work, error) {
	var works []replies.Work
	for _, ev := range events {
		s.house.note(ev)
		if s.sentAway(ev) {
			if err := s.desk.Forget(ctx, ev.Get("room_id").Str); err != nil {
				return nil, err
			}
		}
		w, ok := s.workOf(ev)
		if !ok {
			continue
		}
		if w.Task != replies.Arrive { // the bot's device hears what is said in encrypted rooms
			if encrypted, err := s.house.isEncrypted(ctx, w.RoomID); err != nil || encrypted {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		if w.Task == replies.Withdraw && !s.desk.Heeds(ctx, &w) {
			continue
		}
		works = append(works, w)
	}
	return works, nil
}

func saidIn(ev gjson.Result) replies.Said {
	return replies.Said{RoomID: ev.Get("room_id").Str, EventID: ev.Get("event_id").Str, Sender: ev.Get("sender").Str, Content: ev.Get("content")}
}

// sentAway reports whether an event says that the bot is not in its room any more.
func (s *Service) sentAway(ev gjson.Result) bool {
	membership := ev.Get("content.membership").Str
	return ev.Get("type").Str == "m.room.member" && ev.Get("state_key").Str == s.bot.String() && (membership == "leave" || membership == "ban")
}

func (s *Service) workOf(ev gjson.Result) (replies.Work, bool) {
	w := replies.Work{RoomID: ev.Get("room_id").Str, EventID: ev.Get("event_id").Str, Sender: ev.Get("sender").Str}
	if !strings.HasPrefix(w.RoomID, "!") || !strings.HasPrefix(w.EventID, "$") || w.Sender == s.bot.String() {
		return w, false
	}
	isState := ev.Get("state_key").Exists()
	switch typ := ev.Get("type").Str; {
	case typ == "m.room.member" && ev.Get("state_key").Str == s.bot.String() && ev.Get("content.membership").Str == "invite":
		w.Task = replies.Arrive
		return w, true
	case typ == "m.room.redaction" && !isState:
		w.Task, w.Replaces = replies.Withdraw, ev.Get("redacts").Str
		if w.Replaces == "" {
			w.Replaces = ev.Get("content.redacts").Str
		}
		return w, w.Replaces != ""
	case typ == "m.room.message" && !isState:
		return replies.WorkOf(saidIn(ev), s.o.ClinicalBots)
	case typ == "m.reaction" && !isState:
		return replies.ReleaseOf(saidIn(ev))
	}
	return w, false
}
