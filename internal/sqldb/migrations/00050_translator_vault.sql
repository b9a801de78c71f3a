-- What the translation bot keeps for rooms whose text the server itself does not read: its device's keys, work that waits,
-- which replies it gave. Every value is encrypted with a key that is not in the database.

-- +goose Up
CREATE TABLE translator_vault (
    kind      SMALLINT NOT NULL,
    owner     TEXT     NOT NULL, -- a room, a user or a key; '' for what there is one of
    name      TEXT     NOT NULL,
    stored_ts BIGINT   NOT NULL, -- ms since the Unix epoch
    value     BYTEA    NOT NULL,
    PRIMARY KEY (kind, owner, name)
);
CREATE INDEX translator_vault_by_age ON translator_vault (kind, stored_ts);
