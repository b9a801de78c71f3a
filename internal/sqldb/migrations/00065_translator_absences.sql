-- +goose Up
-- A time in which engines had no room for a pair. Messages with position < p <= until (0: it lasts) were shown as not
-- translated as soon as they came, without a row of their own; those from first on are owed until it is settled.
CREATE TABLE translator_absences (
    position BIGINT   PRIMARY KEY,
    source   TEXT     NOT NULL, -- language
    language TEXT     NOT NULL, -- of the readers
    local    SMALLINT NOT NULL, -- only engines of this machine are meant
    first    BIGINT   NOT NULL,
    until    BIGINT   NOT NULL,
    since_ts BIGINT   NOT NULL,
    settled  SMALLINT NOT NULL
);
CREATE INDEX translator_absences_by_time ON translator_absences (since_ts);
