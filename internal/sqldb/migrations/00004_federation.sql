-- +goose Up

-- Signing keys of other servers. Times are milliseconds since the Unix epoch.
CREATE TABLE server_keys (
    server TEXT NOT NULL,
    key_id TEXT NOT NULL,
    public BYTEA NOT NULL,
    -- Until when the server said that it uses the key; for one out of use, when that was (expired_ts).
    valid_until BIGINT NOT NULL,
    -- 1: out of use, from old_verify_keys.
    expired SMALLINT NOT NULL,
    fetched BIGINT NOT NULL,
    PRIMARY KEY (server, key_id)
);

-- The last answer of each server as it signed it: what this node gives out as a notary.
CREATE TABLE server_key_answers (
    server TEXT NOT NULL PRIMARY KEY,
    answer BYTEA NOT NULL,
    valid_until BIGINT NOT NULL,
    fetched BIGINT NOT NULL
);

-- What each other server has of what happens here. A server has a row from the moment that something is to be sent to it.
CREATE TABLE destinations (
    server TEXT NOT NULL PRIMARY KEY,
    -- It has acknowledged everything for it up to this position of the stream.
    acked BIGINT NOT NULL,
    -- The last position at which something for it is known to stand; beyond acked there is something to send.
    wanted BIGINT NOT NULL,
    -- Since when it could not be reached; 0: it can. When to try again, and how often that failed already.
    failing_since BIGINT NOT NULL,
    retry_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    last_success BIGINT NOT NULL
);
