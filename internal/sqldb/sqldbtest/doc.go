// Package sqldbtest runs tests on each database: on SQLite always, on PostgreSQL when MEDIX_TEST_POSTGRES holds the
// URL of a superuser (scripts/with-postgres starts a server for a test run). It imports only internal/sqldb.
package sqldbtest
