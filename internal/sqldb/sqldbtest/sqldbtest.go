package sqldbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that creates databases
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
)

// PostgresVariable names the environment variable with the URL of a superuser of a PostgreSQL server.
const PostgresVariable = "MEDIX_TEST_POSTGRES"

// Each runs test once for each database. fresh makes a database that has the schema alone, removed after the test, and returns its URL.
func Each(t *testing.T, test func(t *testing.T, fresh func() string)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, func() string { return SQLite(t) })
	})
	t.Run("postgres", func(t *testing.T) {
		if os.Getenv(PostgresVariable) == "" {
			t.Skip(PostgresVariable + " is not set; run scripts/with-postgres go test …")
		}
		test(t, func() string { return Postgres(t) })
	})
}

// SQLite returns the URL of a new database in the test's own folder, with the schema alone.
func SQLite(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "medix.db")
	CopySchema(t, path)
	return "sqlite://" + path
}

// CopySchema writes a SQLite database with the schema alone to path, as a first start would make it.
func CopySchema(t testing.TB, path string) {
	file, err := liteSchema()
	require.NoError(t, err, "making the schema")
	require.NoError(t, os.WriteFile(path, file, 0o600))
}

// Postgres creates a database with the schema alone and returns its URL; it is dropped after the test.
func Postgres(t testing.TB) string {
	server, err := url.Parse(os.Getenv(PostgresVariable))
	require.NoError(t, err)
	admin, err := sql.Open("pgx", server.String())
	require.NoError(t, err)
	var b [8]byte
	rand.Read(b[:])
	name := "medix_test_" + hex.EncodeToString(b[:])
	schema, err := postgresSchema()
	require.NoError(t, err, "making the schema")
	_, err = admin.Exec("CREATE DATABASE " + name + " TEMPLATE " + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		defer admin.Close()
		_, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, err)
	})
	server.Path = "/" + name
	return server.String()
}

// Open opens the database at address, without log output, and closes it after the test.
func Open(t testing.TB, address string) *sqldb.DB {
	db, err := sqldb.Open(context.Background(), sqldb.Options{URL: address, Logger: Quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// New opens a fresh SQLite database for tests that do not depend on the kind.
func New(t testing.TB) *sqldb.DB { return Open(t, SQLite(t)) }

// Quiet is a logger without output.
func Quiet() *logrus.Entry {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	return logrus.NewEntry(logger)
}
