package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"medixchange/internal/sqldb/migrations"
)

// migrate brings the schema up to this program's version. It never goes back, and refuses a database that a newer
// program has migrated, before it changes anything.
func migrate(ctx context.Context, dialect Dialect, pool *sql.DB) error {
	return migrateFrom(ctx, dialect, pool, migrations.Files())
}

func migrateFrom(ctx context.Context, dialect Dialect, pool *sql.DB, folder fs.FS) error {
	kind := goose.DialectSQLite3
	if dialect == Postgres {
		kind = goose.DialectPostgres
	}
	provider, err := goose.NewProvider(kind, pool, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the version of the database: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: it is at version %d, the program knows up to %d; start the newer program or restore a backup",
			ErrNewer, current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		var partial *goose.PartialError
		if errors.As(err, &partial) && partial.Failed != nil {
			return fmt.Errorf("migrating the database, step %s: %w", partial.Failed.Source.Path, partial.Err)
		}
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}
