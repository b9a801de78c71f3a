-- The alliance: signed documents that were verified, and what was done and refused. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE alliance_documents (
    kind     TEXT   NOT NULL, -- charter or members
    charter  BIGINT NOT NULL, -- version of the charter, or of the one that the list goes by
    serial   BIGINT NOT NULL, -- of a member list; 0 for a charter
    hash     TEXT   NOT NULL,
    document BYTEA  NOT NULL,
    source   TEXT   NOT NULL, -- the server that gave it; "" for this one
    taken_ts BIGINT NOT NULL,
    PRIMARY KEY (kind, charter, serial)
);

-- Append-only: each row's hash covers the row and the hash before it.
CREATE TABLE alliance_audit (
    audit_id BIGINT PRIMARY KEY,
    ts       BIGINT NOT NULL,
    actor    TEXT   NOT NULL, -- coordinator, administrator or server
    action   TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    hash     TEXT   NOT NULL
);
