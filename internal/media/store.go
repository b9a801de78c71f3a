package media

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

type state int

const (
	statePending state = 0
	stateThere   state = 1
)

// record is a row of the table media.
type record struct {
	Server, ID      string
	State           state
	Local           bool
	Unauthenticated bool
	Uploader        string
	ContentType     string
	Filename        string
	Size            int64
	SHA256          []byte
	Created         int64
	LastAccess      int64
	Expires         int64
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// load returns the row of a file, or 404 M_NOT_FOUND.
func (s *Store) load(ctx context.Context, server, id string) (record, error) {
	r := record{Server: server, ID: id}
	var local, unauthenticated int
	err := s.db.QueryRow(ctx, `SELECT state, local, unauthenticated, uploader, content_type, filename, size, sha256, created, last_access, expires
		FROM media WHERE server = $1 AND media_id = $2`, server, id).
		Scan(&r.State, &local, &unauthenticated, &r.Uploader, &r.ContentType, &r.Filename, &r.Size, &r.SHA256, &r.Created,
			&r.LastAccess, &r.Expires)
	if errors.Is(err, sql.ErrNoRows) {
		return record{}, errNoFile()
	}
	if err != nil {
		return record{}, fmt.Errorf("reading a file's row: %w", err)
	}
	r.Local, r.Unauthenticated = local == 1, unauthenticated == 1
	return r, nil
}

func errNoFile() *web.Error { return web.NotFound("There is no such file") }

// insert stores a new row. For files of other servers one that is there stays.
func insert(tx *sqldb.Tx, r record) error {
	_, err := tx.Exec(`INSERT INTO media (server, media_id, state, local, unauthenticated, uploader, content_type, filename, size,
		sha256, created, last_access, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (server, media_id) DO NOTHING`,
		r.Server, r.ID, int(r.State), number(r.Local), number(r.Unauthenticated), r.Uploader, r.ContentType, r.Filename, r.Size,
		notNil(r.SHA256), r.Created, r.LastAccess, r.Expires)
	if err != nil {
		return fmt.Errorf("storing a file's row: %w", err)
	}
	return nil
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// complete turns an announcement into a file. It reports false if someone else has done so.
func complete(tx *sqldb.Tx, r record) (bool, error) {
	res, err := tx.Exec(`UPDATE media SET state = $1, content_type = $2, filename = $3, size = $4, sha256 = $5, expires = 0
		WHERE server = $6 AND media_id = $7 AND state = $8`,
		int(stateThere), r.ContentType, r.Filename, r.Size, r.SHA256, r.Server, r.ID, int(statePending))
	if err != nil {
		return false, fmt.Errorf("completing a file's row: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func countPending(tx *sqldb.Tx, uploader string, now int64) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM media WHERE uploader = $1 AND state = $2 AND expires > $3`,
		uploader, int(statePending), now).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting announced uploads: %w", err)
	}
	return n, nil
}

func sumSizes(tx *sqldb.Tx, uploader string) (sum int64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(SUM(size), 0) FROM media WHERE uploader = $1`, uploader).Scan(&sum)
	if err != nil {
		return 0, fmt.Errorf("adding up a user's files: %w", err)
	}
	return sum, nil
}

func touch(tx *sqldb.Tx, server, id string, now int64) error {
	_, err := tx.Exec(`UPDATE media SET last_access = $1 WHERE server = $2 AND media_id = $3`, now, server, id)
	if err != nil {
		return fmt.Errorf("noting an access: %w", err)
	}
	return nil
}

func remove(tx *sqldb.Tx, server, id string) error {
	if _, err := tx.Exec(`DELETE FROM media WHERE server = $1 AND media_id = $2`, server, id); err != nil {
		return fmt.Errorf("removing a file's row: %w", err)
	}
	return nil
}

func removeLapsed(tx *sqldb.Tx, now int64) error {
	if _, err := tx.Exec(`DELETE FROM media WHERE local = 1 AND state = $1 AND expires <= $2`, int(statePending), now); err != nil {
		return fmt.Errorf("removing lapsed announcements: %w", err)
	}
	return nil
}

// remoteSize returns how many bytes of other servers' files are kept.
func (s *Store) remoteSize(ctx context.Context) (sum int64, err error) {
	err = s.db.QueryRow(ctx, `SELECT COALESCE(SUM(size), 0) FROM media WHERE local = 0`).Scan(&sum)
	if err != nil {
		return 0, fmt.Errorf("adding up cached files: %w", err)
	}
	return sum, nil
}

// filesAfter returns a page of the files whose bytes are there, in the order of server and id.
func (s *Store) filesAfter(ctx context.Context, server, id string, n int) ([]record, error) {
	rows, err := s.db.Query(ctx, `SELECT server, media_id, sha256 FROM media WHERE (server, media_id) > ($1, $2) AND state = $3
		ORDER BY server, media_id LIMIT $4`, server, id, int(stateThere), n)
	if err != nil {
		return nil, fmt.Errorf("reading files: %w", err)
	}
	defer rows.Close()
	var out []record
	for rows.Next() {
		var r record
		if err := rows.Scan(&r.Server, &r.ID, &r.SHA256); err != nil {
			return nil, fmt.Errorf("reading files: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// leastUsed returns some files of other servers, the one that was not read for the longest time first.
func (s *Store) leastUsed(ctx context.Context, n int) ([]record, error) {
	rows, err := s.db.Query(ctx, `SELECT server, media_id, size FROM media WHERE local = 0 ORDER BY last_access, server, media_id LIMIT $1`, n)
	if err != nil {
		return nil, fmt.Errorf("reading cached files: %w", err)
	}
	defer rows.Close()
	var out []record
	for rows.Next() {
		var r record
		if err := rows.Scan(&r.Server, &r.ID, &r.Size); err != nil {
			return nil, fmt.Errorf("reading cached files: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
