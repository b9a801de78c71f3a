-- The translator: what a translation is said in other forms from, for those who read the original first or in a thread.

-- +goose Up
ALTER TABLE renderings ADD COLUMN parts BYTEA; -- JSON of translator/bridge parts; empty or NULL when there are none
ALTER TABLE renderings ADD COLUMN threaded SMALLINT NOT NULL DEFAULT 0; -- the bot says it in a thread, too
