package node

import (
	"context"
	"fmt"
	"net/http"

	"github.com/sirupsen/logrus"

	"medixchange/internal/sqldb"
)

// PathLivez and PathReadyz are where a supervisor asks whether the process answers, and whether it can work.
const (
	PathLivez  = "/livez"
	PathReadyz = "/readyz"
)

// Livez answers that the process does.
func Livez(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }

// Readyz answers that check finds nothing wrong, or 503.
func Readyz(log *logrus.Entry, check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := check(r.Context()); err != nil {
			log.WithError(err).Warn("not ready")
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		Livez(w, r)
	}
}

// Reads reports what is wrong with a database; nil when it reads.
func Reads(ctx context.Context, db *sqldb.DB) error {
	var one int
	if err := db.QueryRow(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	return nil
}
