-- Letters to applicants and coordinators that the mail server has not taken yet. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE alliance_letters (
    letter_id  BIGINT NOT NULL PRIMARY KEY,
    receiver   TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    content    TEXT   NOT NULL,
    tries      BIGINT NOT NULL, -- that failed
    next_ts    BIGINT NOT NULL, -- not tried before
    created_ts BIGINT NOT NULL
);
CREATE INDEX alliance_letters_due ON alliance_letters (next_ts, letter_id);
