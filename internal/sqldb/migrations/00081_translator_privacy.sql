-- The translator: messages that it kept from the engines of others, and what their authors are still to be told. Times are
-- milliseconds since the Unix epoch.

-- +goose Up
-- A version of a message that seems to tell who a patient is. There is no text of it here, only what kinds of things.
CREATE TABLE translator_holds (
    version_nid BIGINT   PRIMARY KEY,
    message_nid BIGINT   NOT NULL,
    kinds       TEXT     NOT NULL, -- with spaces between
    held_ts     BIGINT   NOT NULL,
    state       SMALLINT NOT NULL, -- 0: held, 1: released, its translations are to be made, 2: released and done
    released_ts BIGINT   NOT NULL  -- 0: never
);
CREATE INDEX translator_holds_by_message ON translator_holds (message_nid);
CREATE INDEX translator_holds_by_state ON translator_holds (state, version_nid);
CREATE INDEX translator_holds_by_time ON translator_holds (held_ts);

-- Translations that were refused and of which the author of the message is told when all of its languages are through.
CREATE TABLE translator_doubts (
    version_nid BIGINT NOT NULL,
    language    TEXT   NOT NULL,
    message_nid BIGINT NOT NULL,
    reasons     BYTEA  NOT NULL, -- JSON of findings, sealed: they quote the message
    PRIMARY KEY (version_nid, language)
);
CREATE INDEX translator_doubts_by_message ON translator_doubts (message_nid);
