package audit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

// Entry is one line of the log.
type Entry struct {
	ID      int64  `json:"id"`
	TS      int64  `json:"ts"`      // ms
	Actor   string `json:"actor"`   // who did it
	Action  string `json:"action"`  // what
	Subject string `json:"subject"` // to which recording
	Detail  string `json:"detail"`  // such as the name of a file
	Hash    string `json:"hash"`
}

// ErrBroken means that a line of the log was changed or removed.
var ErrBroken = errors.New("the log of recordings was tampered with")

// Log is the log. It is safe for concurrent use.
type Log struct {
	db  *sqldb.DB
	now func() time.Time
}

// New returns the log in a database.
func New(db *sqldb.DB, now func() time.Time) *Log { return &Log{db: db, now: now} }

// Add appends a line. It is stored when Add returns without an error.
func (l *Log) Add(ctx context.Context, actor, action, subject, detail string) error {
	e := Entry{TS: l.now().UnixMilli(), Actor: actor, Action: action, Subject: subject, Detail: detail}
	return l.db.Write(ctx, func(tx *sqldb.Tx) error { return insert(tx, e) })
}

// chained returns the hash of an entry after the one before it.
func (e Entry) chained(before string) string {
	e.Hash = before
	encoded, err := json.Marshal(e)
	if err != nil {
		panic("an audit entry of plain fields is not encoded: " + err.Error())
	}
	sum := sha256.Sum256(encoded)
	return signing.EncodeBase64(sum[:])
}

// PathAccesses is where the administrator reads the log over the local socket, with ?subject=, ?after= and ?limit=.
const PathAccesses = "/conference/accesses"

// Page is an answer of [PathAccesses].
type Page struct {
	Entries []Entry `json:"entries"`
	Broken  string  `json:"broken,omitempty"` // where the log was tampered with
}

const maxPage = 1000

// AddRoutes lets the administrator read the log.
func (l *Log) AddRoutes(rt *web.Router) {
	rt.Handle(http.MethodGet, PathAccesses, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		after, err := web.QueryInt(r, "after", 0, 0, 1<<53)
		if err != nil {
			return nil, err
		}
		limit, err := web.QueryInt(r, "limit", 100, 1, maxPage)
		if err != nil {
			return nil, err
		}
		return l.page(r.Context(), r.URL.Query().Get("subject"), int64(after), limit)
	})
}

func (l *Log) page(ctx context.Context, subject string, after int64, limit int) (*Page, error) {
	if subject != "" {
		entries, err := l.About(ctx, subject, after, limit)
		return &Page{Entries: entries}, err
	}
	entries, err := l.Entries(ctx, after, limit)
	if errors.Is(err, ErrBroken) {
		return &Page{Entries: entries, Broken: err.Error()}, nil
	}
	return &Page{Entries: entries}, err
}
