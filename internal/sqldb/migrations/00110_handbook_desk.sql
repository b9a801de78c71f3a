-- The editors' working copies of the handbook. Rows of steps are only ever added; for each language and part the newest live one
-- is the working copy. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE handbook_desk_steps (
    language   TEXT   NOT NULL,
    part       TEXT   NOT NULL, -- a section's id, book.yaml or glossary.yaml
    version    BIGINT NOT NULL, -- counts from 1 in each part
    live       BIGINT NOT NULL, -- 0: words that were set aside
    action     TEXT   NOT NULL,
    actor      TEXT   NOT NULL, -- user id; empty for what the desk does itself
    actor_name TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    ts         BIGINT NOT NULL,
    form       TEXT   NOT NULL, -- JSON of desk.Copy: state, names, dates
    words      TEXT   NOT NULL, -- key of handbook_desk_texts
    PRIMARY KEY (language, part, version)
);

-- Texts are kept once, however many steps are about them.
CREATE TABLE handbook_desk_texts (
    language TEXT NOT NULL,
    part     TEXT NOT NULL,
    words    TEXT NOT NULL, -- hash
    body     TEXT NOT NULL, -- JSON of desk.Text
    PRIMARY KEY (language, part, words)
);
