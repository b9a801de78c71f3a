package sqldbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/migrations"
)

// The migrations take seconds with the race detector, so each schema is made once and copied for every test.

// schemasVariable names the environment variable with a folder where the processes of a test run leave their schema for each
// other; without it each process makes its own.
const schemasVariable = "MEDIX_TEST_SCHEMAS"

// schemaSum is another one with other migrations.
var schemaSum = sync.OnceValues(func() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.Files(), path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:8]), err
})

// liteSchema is the file of a SQLite database with the schema and nothing else.
var liteSchema = sync.OnceValues(func() ([]byte, error) {
	sum, err := schemaSum()
	if err != nil {
		return nil, err
	}
	kept := ""
	if shared := os.Getenv(schemasVariable); shared != "" {
		kept = filepath.Join(shared, "schema-"+sum+".db")
		if file, err := os.ReadFile(kept); !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	folder, err := os.MkdirTemp(os.Getenv(schemasVariable), "medix-schema")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "medix.db")
	if err := migrate("sqlite://" + path); err != nil {
		return nil, err
	}
	file, err := os.ReadFile(path)
	if err != nil || kept == "" {
		return file, err
	}
	return file, os.Rename(path, kept)
})

// postgresSchema is the name of a database with the schema and nothing else, on the server of the test run.
var postgresSchema = sync.OnceValues(func() (string, error) {
	sum, err := schemaSum()
	if err != nil {
		return "", err
	}
	name := "medix_schema_" + sum
	server, err := url.Parse(os.Getenv(PostgresVariable))
	if err != nil {
		return "", err
	}
	admin, err := sql.Open("pgx", server.String())
	if err != nil {
		return "", err
	}
	defer admin.Close()
	return name, makeSchema(admin, *server, name)
})

// makeSchema makes the database unless it is there; other processes wait for it meanwhile. It has its name only when it is whole.
func makeSchema(admin *sql.DB, server url.URL, name string) error {
	ctx := context.Background()
	session, err := admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	if _, err := session.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil {
		return err
	}
	var there bool
	if err := session.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
		return err
	}
	unfinished := name + "_unfinished"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)", createEmpty(unfinished)} {
		if _, err := session.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	server.Path = "/" + unfinished
	if err := migrate(server.String()); err != nil {
		return err
	}
	_, err = session.ExecContext(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
	return err
}

func createEmpty(name string) string {
	return "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
}

func migrate(address string) error {
	db, err := sqldb.Open(context.Background(), sqldb.Options{URL: address, Logger: Quiet()})
	if err != nil {
		return err
	}
	return db.Close()
}
